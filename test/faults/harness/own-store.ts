import { Redis } from 'ioredis';
import pg from 'pg';
import type { EngineName } from '../../support/engines.js';
import {
  startPrivatePostgres,
  startPrivateRedis,
  whyNoPrivatePostgres,
  whyNoPrivateRedis,
} from '../../support/servers.js';

/** A store that one row owns and may harm. */
export interface OwnStore {
  readonly url: string;
  /** Ends it as a crash does. */
  crash(): Promise<void>;
  /** Starts it again on the same data and port. */
  restart(): Promise<void>;
  /** Has the server end the connections of all its clients. @returns how many */
  cutConnections(): Promise<number>;
  stop(): Promise<void>;
}

/** The engines whose store is a server: it can die alone, and so can a connection to it. */
export type ServerName = Exclude<EngineName, 'sqlite'>;

const SERVERS: Readonly<Record<ServerName, ServerKind>> = {
  redis: { whyNot: whyNoPrivateRedis, start: startRedis },
  postgres: { whyNot: whyNoPrivatePostgres, start: startPostgres },
};

interface ServerKind {
  whyNot(): string | undefined;
  start(): Promise<OwnStore>;
}

export const SERVER_NAMES = Object.keys(SERVERS) as ServerName[];

/** Why there can be no own store here, or undefined. */
export function whyNoOwnStore(engine: ServerName): string | undefined {
  return SERVERS[engine].whyNot();
}

/**
 * Starts a store that syncs each write before it confirms it: what "durable" means in promise 1.
 */
export function startOwnStore(engine: ServerName): Promise<OwnStore> {
  return SERVERS[engine].start();
}

async function startRedis(): Promise<OwnStore> {
  const server = await startPrivateRedis({
    appendonly: true,
    settings: { appendfsync: 'always' },
  });
  return {
    url: server.url,
    crash: () => server.kill('SIGKILL'),
    restart: () => server.restart(),
    stop: () => server.stop(),
    cutConnections: async () => {
      const admin = new Redis(server.url);
      try {
        const counts = [
          await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
          await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub', 'SKIPME', 'yes'),
        ];
        return counts.reduce<number>((sum, count) => sum + Number(count), 0);
      } finally {
        admin.disconnect();
      }
    },
  };
}

async function startPostgres(): Promise<OwnStore> {
  const server = await startPrivatePostgres();
  return {
    url: server.url,
    crash: () => server.stopImmediate(),
    restart: () => server.restart(),
    stop: () => server.stop(),
    cutConnections: async () => {
      const admin = new pg.Client({ connectionString: server.url });
      await admin.connect();
      try {
        const { rowCount } = await admin.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
        );
        return rowCount ?? 0;
      } finally {
        await admin.end();
      }
    },
  };
}
