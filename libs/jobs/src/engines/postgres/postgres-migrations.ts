import {
  assertSchemaCompatibility,
  LATEST_SCHEMA_VERSION,
  MIGRATION_ADVISORY_LOCK_KEY,
  quoteSchemaName,
  runMigrations,
  SchemaMigrationRequiredError,
  SchemaVersionMismatchError,
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
  await runMigrations(withoutNeedlessSchema(client, schema), schema);
  await migrateCoordination(client, schema);
}

/**
 * BullMQ creates the schema if it is missing. PostgreSQL asks for the right to create schemas in
 * the database even where it is there, and a role that owns its schema alone has none.
 */
function withoutNeedlessSchema(client: PgQueryable, schema: string): PgQueryable {
  return {
    query: async (text, values) => {
      if (!/^CREATE SCHEMA IF NOT EXISTS\b/i.test(text)) return client.query(text, values);
      const found = await client.query<never>('SELECT 1 FROM pg_namespace WHERE nspname = $1', [
        schema,
      ]);
      return found.rows.length > 0 ? found : client.query(text, values);
    },
  };
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

/**
 * Looks whether a newer version of BullMQ or of ours has migrated the tables so that this one
 * cannot work on them.
 * @returns what was expected and what was found, in words; undefined when this version can, or
 *   there are no tables yet
 * @internal
 */
export async function newerSchema(
  client: PgQueryable,
  schema: string,
): Promise<string | undefined> {
  try {
    await assertSchemaCompatibility(client, schema);
  } catch (error) {
    if (error instanceof SchemaMigrationRequiredError) return undefined;
    if (!(error instanceof SchemaVersionMismatchError)) throw error;
    return `expected tables for BullMQ ${error.clientVersion}, got some that need BullMQ ${error.minimumClientVersion}`;
  }
  const { needs } = await coordinationState(client, schema);
  if (needs <= LATEST) return undefined;
  return `expected tables that a version with ${LATEST} migrations can work with, got some that need ${needs}`;
}

async function isCurrent(client: PgQueryable, schema: string): Promise<boolean> {
  try {
    const version = await assertSchemaCompatibility(client, schema);
    if (version < LATEST_SCHEMA_VERSION) return false;
    return (await coordinationState(client, schema)).version >= LATEST;
  } catch (error) {
    if (error instanceof SchemaMigrationRequiredError) return false;
    throw error;
  }
}

const LATEST = COORDINATION_MIGRATIONS.length;

/**
 * Migrations, by number, with which a process goes on that does not know them: they only add. After
 * any other, a process that does not know it would do harm, and works no more.
 */
const ONLY_ADD: ReadonlySet<number> = new Set();

/**
 * How many coordination migrations were applied, and how many a process must know; 0 when there is
 * no ledger of them.
 */
interface CoordinationState {
  readonly version: number;
  readonly needs: number;
}

async function coordinationState(client: PgQueryable, schema: string): Promise<CoordinationState> {
  const ledger = `${quoteSchemaName(schema)}.jobs_migration`;
  const { rows: found } = await client.query<{ ledger: string | null }>(
    'SELECT to_regclass($1)::text AS ledger',
    [ledger],
  );
  if (found[0]?.ledger == null) return { version: 0, needs: 0 };
  // A ledger that is older than the column has none that need anything.
  const { rows } = await client.query<CoordinationState>(
    `SELECT COALESCE(MAX(version), 0)::int AS version,
            COALESCE(MAX((to_jsonb(migration)->>'needs')::int), 0)::int AS needs
       FROM ${ledger} AS migration`,
  );
  return rows[0] ?? { version: 0, needs: 0 };
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
    await client.query('ALTER TABLE jobs_migration ADD COLUMN IF NOT EXISTS needs integer');
    const { version: applied } = await coordinationState(client, schema);
    for (const [i, sql] of COORDINATION_MIGRATIONS.entries()) {
      if (i < applied) continue;
      await client.query(sql);
      const version = i + 1;
      await client.query('INSERT INTO jobs_migration (version, needs) VALUES ($1, $2)', [
        version,
        ONLY_ADD.has(version) ? null : version,
      ]);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
