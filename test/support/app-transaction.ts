import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import type { EngineFixture, EngineName } from './engines.js';

/** A connection of the application's own to the store of the jobs, with a transaction open. */
export interface AppTransaction {
  /** What `withTransaction()` takes. */
  readonly client: object;
  end(how: 'COMMIT' | 'ROLLBACK'): Promise<void>;
  close(): Promise<void>;
}

/** Connects and begins, on an engine with `transactionalEnqueue`. */
export function beginTransaction({ name, url }: EngineFixture): Promise<AppTransaction> {
  const begin = BEGIN[name];
  if (begin === undefined) throw new Error(`expected a way to begin on ${name}, got none`);
  return begin(url);
}

/** By engine: each has a driver of its own. */
const BEGIN: Partial<Record<EngineName, (url: string) => Promise<AppTransaction>>> = {
  async postgres(url: string): Promise<AppTransaction> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query('BEGIN');
    return {
      client,
      end: async (how) => void (await client.query(how)),
      close: () => client.end(),
    };
  },

  async sqlite(url: string): Promise<AppTransaction> {
    // The engine waits for its turn; this connection, as many in applications, does not.
    const database = new DatabaseSync(url.slice('file:'.length));
    database.exec('BEGIN IMMEDIATE');
    return {
      client: database,
      end: async (how) => database.exec(how),
      close: async () => database.close(),
    };
  },
};
