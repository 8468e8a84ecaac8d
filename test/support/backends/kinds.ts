import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPostgresBackend, createRedisBackend, runMigrations } from 'bullmq';
import { createSqliteBackend, sqlite } from 'bullmq-sqlite';
import pg from 'pg';
import { ENGINES, type EngineFixture } from '../engines.js';
import type { AnyFactory, BackendName, Isolation } from './store.js';

/** A backend and where its jobs go. */
export interface BackendKind {
  name: BackendName;
  /** Why its tests cannot run; empty when they can. */
  obstacle: string;
  isolate(): Promise<Isolation>;
}

/** Every backend of the contract, the reference first. */
export const KINDS: readonly BackendKind[] = [
  onServer('redis', async (engine) => {
    const names = engine.isolation();
    return {
      factory: createRedisBackend as unknown as AnyFactory,
      connect: () => ({ connection: { url: engine.url }, prefix: names.prefix }),
      remove: () => engine.cleanup(names),
    };
  }),
  onServer('postgres', async (engine) => {
    const names = engine.isolation();
    const client = new pg.Client({ connectionString: engine.url });
    await client.connect();
    try {
      await runMigrations(client, names.schema);
    } finally {
      await client.end();
    }
    return {
      factory: createPostgresBackend as unknown as AnyFactory,
      connect: () => ({
        // One statement at a time is what most tests do; the listener has a connection of its own.
        connection: { connectionString: engine.url, schema: names.schema, max: 2 },
        prefix: names.prefix,
      }),
      remove: () => engine.cleanup(names),
    };
  }),
  {
    name: 'sqlite-memory',
    obstacle: '',
    async isolate() {
      const connection = sqlite(':memory:');
      return {
        factory: createSqliteBackend as unknown as AnyFactory,
        connect: () => ({ connection, prefix: 'memory' }),
        remove: async () => undefined,
      };
    },
  },
  {
    name: 'sqlite-file',
    obstacle: '',
    async isolate() {
      const folder = await mkdtemp(join(tmpdir(), 'backend-contract-'));
      return {
        factory: createSqliteBackend as unknown as AnyFactory,
        connect: () => ({ connection: sqlite(join(folder, 'jobs.sqlite')), prefix: 'file' }),
        remove: () => rm(folder, { recursive: true, force: true }),
      };
    },
  },
];

function onServer(
  name: 'redis' | 'postgres',
  isolate: (engine: EngineFixture) => Promise<Isolation>,
): BackendKind {
  const engine = ENGINES.find((candidate) => candidate.name === name)!;
  return { name, obstacle: engine.reason, isolate: () => isolate(engine) };
}
