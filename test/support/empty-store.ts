import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import type { EngineFixture, Isolation } from './engines.js';

/** What tells which migrations a schema has. */
const LEDGERS = ['migration', 'jobs_migration'];

/** Takes all data out of a store that is in use, as a failover to an empty replica does. */
export async function emptyStore(engine: EngineFixture, isolation: Isolation): Promise<void> {
  if (engine.name === 'redis') await engine.cleanup(isolation);
  else if (engine.name === 'sqlite') emptyFile(engine.url.slice('file:'.length));
  else await emptySchema(engine.url, isolation.schema);
}

async function emptySchema(url: string, schema: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
       WHERE schemaname = $1 AND tablename <> ALL ($2)`,
      [schema, LEDGERS],
    );
    for (const { name } of rows) await client.query(`DELETE FROM ${name}`);
  } finally {
    await client.end();
  }
}

function emptyFile(path: string): void {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    const tables = database
      .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
      .all() as { name: string }[];
    database.exec('PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE');
    for (const { name } of tables) database.exec(`DELETE FROM "${name}"`);
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}
