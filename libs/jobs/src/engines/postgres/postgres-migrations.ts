import {
  assertSchemaCompatibility,
  LATEST_SCHEMA_VERSION,
  MIGRATION_ADVISORY_LOCK_KEY,
  quoteSchemaName,
  runMigrations,
  SchemaMigrationRequiredError,
  type PgQueryable,
} from 'bullmq';
import { JobsConfigurationError } from '../../errors/index.js';
import { COORDINATION_MIGRATIONS } from './postgres-scripts.js';

/**
 * Creates or upgrades the tables of BullMQ and of the coordination store, each under an advisory
 * lock, so that a fleet can start at once. Does nothing, and needs no rights to create, when all is
 * there.
 * @internal
 */
export async function migrateSchema(client: PgQueryable, schema: string): Promise<void> {
  if (await isCurrent(client, schema)) return;
  await runMigrations(client, schema);
  await migrateCoordination(client, schema);
}

/**
 * Checks that the tables are there and new enough.
 * @throws JobsConfigurationError saying how to create them
 * @internal
 */
export async function assertMigrated(client: PgQueryable, schema: string): Promise<void> {
  if (await isCurrent(client, schema)) return;
  throw new JobsConfigurationError([
    `the PostgreSQL schema "${schema}" has no tables for jobs, or older ones, and \`migrate\` is false: ` +
      `run migratePostgres(connection, { schema: '${schema}' }) in a deploy step, or remove \`migrate: false\``,
  ]);
}

async function isCurrent(client: PgQueryable, schema: string): Promise<boolean> {
  try {
    const version = await assertSchemaCompatibility(client, schema);
    return (
      version >= LATEST_SCHEMA_VERSION && (await coordinationVersion(client, schema)) >= LATEST
    );
  } catch (error) {
    if (error instanceof SchemaMigrationRequiredError) return false;
    throw error;
  }
}

const LATEST = COORDINATION_MIGRATIONS.length;

/** How many coordination migrations were applied; 0 when their ledger does not exist. */
async function coordinationVersion(client: PgQueryable, schema: string): Promise<number> {
  const ledger = `${quoteSchemaName(schema)}.jobs_migration`;
  const { rows: found } = await client.query<{ ledger: string | null }>(
    'SELECT to_regclass($1)::text AS ledger',
    [ledger],
  );
  if (found[0]?.ledger == null) return 0;
  const { rows } = await client.query<{ version: number }>(
    `SELECT COALESCE(MAX(version), 0)::int AS version FROM ${ledger}`,
  );
  return rows[0]?.version ?? 0;
}

/** In one transaction, under the lock that BullMQ's own migrations take. */
async function migrateCoordination(client: PgQueryable, schema: string): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [
      MIGRATION_ADVISORY_LOCK_KEY,
      schema,
    ]);
    await client.query(`SET LOCAL search_path TO ${quoteSchemaName(schema)}`);
    await client.query(
      `CREATE TABLE IF NOT EXISTS jobs_migration (
         version    integer PRIMARY KEY,
         applied_at timestamptz NOT NULL DEFAULT now()
       )`,
    );
    const applied = await coordinationVersion(client, schema);
    for (const [i, sql] of COORDINATION_MIGRATIONS.entries()) {
      if (i < applied) continue;
      await client.query(sql);
      await client.query('INSERT INTO jobs_migration (version) VALUES ($1)', [i + 1]);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
