import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type PrivateRedis, startPrivateRedis } from './private-redis.js';
import { findBinary, freePort, PrivateServer } from './private-server.js';

const READY_TIMEOUT_MS = 20_000;

/**
 * A Redis Cluster that one test owns: three primaries, and a replica of the one that has all slots
 * but two.
 */
export interface PrivateCluster {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** Has the slots of jobs. */
  readonly primary: PrivateRedis;
  stop(): Promise<void>;
}

/**
 * Starts a Cluster.
 * @param nodeTimeoutMs about how long after its end a primary is replaced
 */
export async function startPrivateCluster(nodeTimeoutMs: number): Promise<PrivateCluster> {
  const servers = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const busPort = await freePort();
      const settings = {
        'cluster-enabled': 'yes',
        'cluster-port': String(busPort),
        'cluster-node-timeout': String(nodeTimeoutMs),
        'cluster-announce-ip': '127.0.0.1',
      };
      return { busPort, server: await startPrivateRedis({ settings }) };
    }),
  );
  const clients = servers.map(({ server }) => new Redis(server.url));
  const [primary, second, third, replica] = clients as [Redis, Redis, Redis, Redis];
  try {
    await primary.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16381');
    await second.call('CLUSTER', 'ADDSLOTS', '16382');
    await third.call('CLUSTER', 'ADDSLOTS', '16383');
    for (const { server, busPort } of servers.slice(1))
      await primary.call('CLUSTER', 'MEET', '127.0.0.1', String(server.port), String(busPort));
    const id = await primary.call('CLUSTER', 'MYID');
    await until(() => replica.call('CLUSTER', 'REPLICATE', String(id)).then(() => true));
    await until(async () => {
      const states = await Promise.all(clients.map((c) => c.call('CLUSTER', 'INFO')));
      return states.every((state) => /cluster_state:ok[^]*known_nodes:4/.test(String(state)));
    });
    await until(async () => (await replica.info('replication')).includes('master_link_status:up'));
  } finally {
    for (const client of clients) client.disconnect();
  }
  return {
    nodes: servers.map(({ server }) => ({ host: '127.0.0.1', port: server.port })),
    primary: servers[0]!.server,
    stop: async () => void (await Promise.all(servers.map(({ server }) => server.stop()))),
  };
}

/** A primary, a replica and the Sentinel that watches them. */
export interface PrivateSentinel {
  readonly host: string;
  readonly port: number;
  /** The name of the primary. */
  readonly name: string;
  readonly primary: PrivateRedis;
  readonly replica: PrivateRedis;
  /**
   * Has the replica take over while the primary lives, as an operator does; resolves when it did.
   */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

export async function startPrivateSentinel(): Promise<PrivateSentinel> {
  const name = 'primary';
  const primary = await startPrivateRedis();
  const replica = await startPrivateRedis({ settings: { replicaof: `127.0.0.1 ${primary.port}` } });
  const server = await PrivateServer.start({
    name: 'sentinel',
    binary: findBinary('redis-server')!,
    stopSignal: 'SIGTERM',
    ping: (port) => ask(port, (client) => client.ping()),
    // A Sentinel writes its state into its configuration.
    prepare: (folder) => writeFileSync(`${folder}/sentinel.conf`, ''),
    arguments: (folder, port) => [
      `${folder}/sentinel.conf`,
      '--sentinel',
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
    ],
  });
  await ask(server.port, async (client) => {
    await client.call('SENTINEL', 'MONITOR', name, '127.0.0.1', String(primary.port), '1');
    await until(async () => {
      const replicas = (await client.call('SENTINEL', 'REPLICAS', name)) as unknown[];
      return replicas.length === 1;
    });
  });
  return {
    host: '127.0.0.1',
    port: server.port,
    name,
    primary,
    replica,
    failOver: () =>
      ask(server.port, async (client) => {
        await until(() => client.call('SENTINEL', 'FAILOVER', name).then(() => true));
        await until(async () => {
          const [, port] = (await client.call(
            'SENTINEL',
            'GET-MASTER-ADDR-BY-NAME',
            name,
          )) as string[];
          return Number(port) === replica.port;
        });
      }),
    stop: async () => void (await Promise.all([server.stop(), primary.stop(), replica.stop()])),
  };
}

async function ask<T>(port: number, question: (client: Redis) => Promise<T>): Promise<void> {
  const client = new Redis({ port, host: '127.0.0.1', retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await question(client);
  } finally {
    client.disconnect();
  }
}

/** Servers that form a group say no until they know each other. */
async function until(isDone: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    try {
      if (await isDone()) return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    if (Date.now() > deadline) throw new Error('The servers did not form a group in time');
    await delay(50);
  }
}
