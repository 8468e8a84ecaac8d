import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import type { EngineFixture } from './engines.js';

/** A connection of the application's own to the store of the jobs, with a transaction open. */
export interface AppTransaction {
  /** What `withTransaction()` takes. */
  readonly client: object;
  end(how: 'COMMIT' | 'ROLLBACK'): Promise<void>;
  close(): Promise<void>;
}

/** The engines on which jobs can be part of a transaction of the application. */
export function isTransactional({ name, available }: EngineFixture): boolean {
  return available && name in BEGIN;
}

/** Connects and begins. */
export function beginTransaction(engine: EngineFixture): Promise<AppTransaction> {
  return BEGIN[engine.name as keyof typeof BEGIN](engine.url);
}

const BEGIN = {
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
