import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { type Account, findBinary, PrivateServer, runToEnd } from './private-server.js';

/** A PostgreSQL server that one test owns. */
export interface PrivatePostgres {
  readonly url: string;
  readonly port: number;
  /** Ends it as a crash does (`pg_ctl stop -m immediate`): the next start recovers from the WAL. */
  stopImmediate(): Promise<void>;
  /** Starts again on the same data and port; an orderly stop first if it still runs. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export interface PrivatePostgresOptions {
  /** More settings, e.g. `{ max_connections: '20' }`. */
  settings?: Record<string, string>;
}

/** Why private PostgreSQL servers cannot be started here, or undefined when they can. */
export function whyNoPrivatePostgres(): string | undefined {
  if (!findPostgres('initdb') || !findPostgres('postgres')) {
    return 'initdb and postgres are neither on PATH nor under /usr/lib/postgresql';
  }
  if (accountForServer() === 'none') {
    return 'PostgreSQL refuses to run as root, and there is no account "postgres" or "nobody"';
  }
  return undefined;
}

/**
 * Starts a PostgreSQL server on a free port; throws when `whyNoPrivatePostgres()` gives a reason.
 */
export async function startPrivatePostgres(
  options: PrivatePostgresOptions = {},
): Promise<PrivatePostgres> {
  const initdb = findPostgres('initdb');
  const binary = findPostgres('postgres');
  const account = accountForServer();
  if (!initdb || !binary || account === 'none') throw new Error(whyNoPrivatePostgres());
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    ...options.settings,
  };
  const server = await PrivateServer.start({
    name: 'postgres',
    binary,
    ...(account && { account }),
    stopSignal: 'SIGINT',
    ping: (port) => pingPostgres(postgresUrl(port)),
    prepare: (folder) =>
      runToEnd(
        initdb,
        [
          '-D',
          join(folder, 'data'),
          '-U',
          'postgres',
          '-A',
          'trust',
          '-E',
          'UTF8',
          '--locale=C',
          '-N',
        ],
        account,
        folder,
      ),
    arguments: (folder, port) => [
      '-D',
      join(folder, 'data'),
      ...Object.entries({ port: String(port), ...settings }).flatMap(([name, value]) => [
        '-c',
        `${name}=${value}`,
      ]),
    ],
  });
  return {
    url: postgresUrl(server.port),
    port: server.port,
    stopImmediate: () => server.kill('SIGQUIT'),
    restart: () => server.restart(),
    stop: () => server.stop(),
  };
}

/** Resolves when a PostgreSQL server answers a query. */
export async function pingPostgres(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end().catch(() => undefined);
  }
}

function postgresUrl(port: number): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}

/** On PATH, else the newest version in Debian's layout, which keeps server programs off PATH. */
function findPostgres(program: string): string | undefined {
  const root = '/usr/lib/postgresql';
  const newestFirst = versions(root).toSorted((a, b) => Number(b) - Number(a));
  return findBinary(
    program,
    newestFirst.map((version) => join(root, version, 'bin')),
  );
}

function versions(root: string): string[] {
  try {
    return readdirSync(root);
  } catch {
    return [];
  }
}

/**
 * Whom servers run as that refuse to be root: undefined for ourselves, `none` where there is
 * nobody.
 */
export function accountForServer(): Account | 'none' | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const wanted of ['postgres', 'nobody']) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${wanted}:`))?.split(':') ?? [];
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
  }
  return 'none';
}
