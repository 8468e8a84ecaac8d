import { DatabaseSync } from 'node:sqlite';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { EngineFixture, Isolation } from './engines.js';

/** What a test does to tickets of concurrency keys behind the back of an engine. */
export interface StoredTurns {
  /** Makes a ticket so much older, and due now. */
  age(key: string, job: string, ageMs: number): Promise<void>;
  /** Makes a ticket due now, and any change of it an error. */
  spoil(key: string, job: string): Promise<void>;
}

/** The tickets under these names, which must have been made. */
export function storedTurns({ name, url }: EngineFixture, names: Isolation): StoredTurns {
  if (name === 'redis') return onRedis(url, names.prefix);
  return name === 'postgres' ? onPostgres(url, names.schema) : onSqlite(url.slice('file:'.length));
}

function onSqlite(file: string): StoredTurns {
  const change = async (act: (database: DatabaseSync) => void): Promise<void> => {
    const database = new DatabaseSync(file, { timeout: 2_000 });
    try {
      act(database);
    } finally {
      database.close();
    }
  };
  const due =
    'UPDATE coordination_turn SET check_at = 1, taken_at = taken_at - ? WHERE key = ? AND job = ?';
  return {
    age: (key, job, ageMs) => change((database) => database.prepare(due).run(ageMs, key, job)),
    spoil: (key, job) =>
      change((database) => {
        database.prepare(due).run(0, key, job);
        database.exec(`CREATE TRIGGER spoiled BEFORE UPDATE ON coordination_turn WHEN old.job = '${job}'
          BEGIN SELECT RAISE(ABORT, 'a spoiled row'); END`);
      }),
  };
}

function onPostgres(url: string, schema: string): StoredTurns {
  const query = async (text: string, values: unknown[] = []): Promise<void> => {
    const client = new pg.Client(url);
    await client.connect();
    try {
      await client.query(text.replaceAll('$schema', `"${schema}"`), values);
    } finally {
      await client.end();
    }
  };
  const due = `UPDATE $schema.jobs_turn SET check_at = 'epoch', taken_at = taken_at - $1 * interval '1 ms'
    WHERE key = $2 AND job = $3`;
  return {
    age: (key, job, ageMs) => query(due, [ageMs, key, job]),
    spoil: async (key, job) => {
      await query(due, [0, key, job]);
      await query(`CREATE FUNCTION $schema.spoil() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE EXCEPTION 'a spoiled row'; END; $$;
        CREATE TRIGGER spoiled BEFORE UPDATE ON $schema.jobs_turn
          FOR EACH ROW WHEN (old.job = '${job}') EXECUTE FUNCTION $schema.spoil()`);
    },
  };
}

function onRedis(url: string, prefix: string): StoredTurns {
  const call = async (act: (redis: Redis) => Promise<unknown>): Promise<void> => {
    const redis = new Redis(url);
    try {
      await act(redis);
    } finally {
      redis.disconnect();
    }
  };
  const memberOf = (key: string, job: string) => `${key}\nq|${job}`;
  const hashOf = (key: string) => `${prefix}:x:turn:${key}:h`;
  return {
    age: (key, job, ageMs) =>
      call(async (redis) => {
        const turn = (await redis.hget(hashOf(key), `q|${job}`))!;
        const [state, ticket, ...rest] = turn.split('|');
        const older = String(Number(ticket) - ageMs * 1_000);
        await redis.hset(hashOf(key), `q|${job}`, [state, older, ...rest].join('|'));
        await redis.zadd(`${prefix}:x:turns:due`, 1, memberOf(key, job));
      }),
    spoil: (key, job) =>
      call(async (redis) => {
        await redis.set(hashOf(key), 'no hash');
        await redis.zadd(`${prefix}:x:turns:due`, 1, memberOf(key, job));
      }),
  };
}
