import { DatabaseSync } from 'node:sqlite';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { EngineFixture, Isolation } from './engines.js';

/** Tables of migrations, which hold no data of an application. */
const LEDGERS = ['migration', 'jobs_migration'];

/**
 * Everything that is stored under these names, a text for each: on Redis keys, on PostgreSQL and SQLite rows with the
 * name of their table. SQLite's file is taken to be of one application.
 */
export function storedRows(
  { name, url }: Pick<EngineFixture, 'name' | 'url'>,
  { prefix, schema }: Isolation,
): Promise<readonly string[]> {
  if (name === 'redis') return redisKeys(url, prefix);
  return name === 'postgres' ? postgresRows(url, schema) : sqliteRows(url.slice('file:'.length));
}

async function redisKeys(url: string, prefix: string): Promise<string[]> {
  const redis = new Redis(url);
  const found: string[] = [];
  try {
    const scan = redis.scanStream({ match: `*${prefix}*`, count: 1_000 });
    for await (const keys of scan as AsyncIterable<string[]>) found.push(...keys);
  } finally {
    redis.disconnect();
  }
  return [...new Set(found)].toSorted();
}

async function postgresRows(url: string, schema: string): Promise<string[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string; path: string }>(
      `SELECT tablename AS name, format('%I.%I', schemaname, tablename) AS path FROM pg_tables
       WHERE schemaname = $1 AND tablename <> ALL ($2) ORDER BY 1`,
      [schema, LEDGERS],
    );
    const found: string[] = [];
    for (const { name, path } of tables) {
      const { rows } = await client.query<{ row: string }>(
        `SELECT row_to_json(t)::text AS row FROM ${path} AS t`,
      );
      found.push(...rows.map(({ row }) => `${name} ${row}`));
    }
    return found;
  } finally {
    await client.end();
  }
}

async function sqliteRows(file: string): Promise<string[]> {
  const database = new DatabaseSync(file, { timeout: 2_000, readOnly: true });
  try {
    const tables = database
      .prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1",
      )
      .all() as { name: string }[];
    return tables.flatMap(({ name }) => {
      const statement = database.prepare(`SELECT * FROM "${name}"`);
      statement.setReadBigInts(true);
      const asText = (_: string, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value;
      return statement.all().map((row) => `${name} ${JSON.stringify(row, asText)}`);
    });
  } finally {
    database.close();
  }
}
