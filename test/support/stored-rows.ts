import { DatabaseSync } from 'node:sqlite';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { EngineFixture, Isolation } from './engines.js';

/** Tables of migrations and of the store's own clock, which hold no data of an application. */
const LEDGERS = ['migration', 'jobs_migration'];
const CLOCK = 'clock';

/** A key of Redis, or a row of PostgreSQL or SQLite with the name of its table. */
export interface StoredRow {
  readonly text: string;
  /** Whether it goes by itself, or is swept when its time is over. */
  readonly expires: boolean;
}

/**
 * Everything that is stored under these names; of tables of SQLite that name neither a prefix nor a
 * queue, all rows.
 */
export function storedRows(
  { name, url }: Pick<EngineFixture, 'name' | 'url'>,
  { prefix, schema }: Isolation,
): Promise<readonly StoredRow[]> {
  if (name === 'redis') return redisKeys(url, prefix);
  return name === 'postgres'
    ? postgresRows(url, schema)
    : sqliteRows(url.slice('file:'.length), prefix);
}

async function redisKeys(url: string, prefix: string): Promise<StoredRow[]> {
  const redis = new Redis(url);
  const found = new Set<string>();
  try {
    const scan = redis.scanStream({ match: `*${prefix}*`, count: 1_000 });
    for await (const keys of scan as AsyncIterable<string[]>)
      for (const key of keys) found.add(key);
    const all = [...found].toSorted();
    const ttls = await Promise.all(all.map((key) => redis.pttl(key)));
    // -2: it is gone since.
    return all.flatMap((text, i) => (ttls[i] === -2 ? [] : [{ text, expires: ttls[i]! >= 0 }]));
  } finally {
    redis.disconnect();
  }
}

async function postgresRows(url: string, schema: string): Promise<StoredRow[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string; path: string }>(
      `SELECT tablename AS name, format('%I.%I', schemaname, tablename) AS path FROM pg_tables
       WHERE schemaname = $1 AND tablename <> ALL ($2) ORDER BY 1`,
      [schema, LEDGERS],
    );
    const found: StoredRow[] = [];
    for (const { name, path } of tables) {
      const { rows } = await client.query<{ row: Record<string, unknown> }>(
        `SELECT row_to_json(t) AS row FROM ${path} AS t`,
      );
      found.push(...rows.map(({ row }) => toStoredRow(name, row)));
    }
    return found;
  } finally {
    await client.end();
  }
}

async function sqliteRows(file: string, prefix: string): Promise<StoredRow[]> {
  const database = new DatabaseSync(file, { timeout: 2_000, readOnly: true });
  try {
    const tables = database
      .prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1",
      )
      .all() as { name: string }[];
    const found = database
      .prepare('SELECT id FROM queue WHERE substr(name, 1, ?) = ?')
      .all(prefix.length + 1, `${prefix}:`);
    const queues = new Set(found.map(({ id }) => BigInt(id as number)));
    const isOurs = (table: string, row: Record<string, unknown>): boolean => {
      if ('scope' in row) return row.scope === prefix;
      const queue = table === 'queue' ? row.id : row.queue;
      return queue === undefined || queues.has(queue as bigint);
    };
    return tables.flatMap(({ name }) => {
      if (name === CLOCK) return [];
      const statement = database.prepare(`SELECT * FROM "${name}"`);
      statement.setReadBigInts(true);
      const rows = statement.all().filter((row) => isOurs(name, row));
      return rows.map((row) => toStoredRow(name, row));
    });
  } finally {
    database.close();
  }
}

function toStoredRow(table: string, row: Record<string, unknown>): StoredRow {
  const asText = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  const expiry = row.expires_at ?? undefined;
  return { text: `${table} ${JSON.stringify(row, asText)}`, expires: expiry !== undefined };
}
