import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accountForServer, pingPostgres } from './private-postgres.js';
import { findBinary, PrivateServer } from './private-server.js';

/** A PgBouncer that one test owns, before a PostgreSQL server. */
export interface PrivatePgBouncer {
  /** The address of a database behind it. */
  url(database: string): string;
  stop(): Promise<void>;
}

export interface PrivatePgBouncerOptions {
  /** The server behind it. */
  port: number;
  mode: 'transaction' | 'session' | 'statement';
  /** Connections to the server, for each database. Default 10. */
  poolSize?: number;
}

/** Why PgBouncer cannot be started here, or undefined when it can. */
export function whyNoPrivatePgBouncer(): string | undefined {
  if (findPgBouncer() === undefined) {
    return 'pgbouncer is neither on PATH nor in /usr/sbin (Debian: apt-get install pgbouncer)';
  }
  if (accountForServer() === 'none') {
    return 'PgBouncer refuses to run as root, and there is no account "postgres" or "nobody"';
  }
  return undefined;
}

/** Starts a PgBouncer on a free port; throws when `whyNoPrivatePgBouncer()` gives a reason. */
export async function startPrivatePgBouncer(
  options: PrivatePgBouncerOptions,
): Promise<PrivatePgBouncer> {
  const binary = findPgBouncer();
  const account = accountForServer();
  if (binary === undefined || account === 'none') throw new Error(whyNoPrivatePgBouncer());
  const url = (port: number, database: string): string =>
    `postgres://postgres@127.0.0.1:${port}/${database}`;
  const server = await PrivateServer.start({
    name: 'pgbouncer',
    binary,
    ...(account && { account }),
    stopSignal: 'SIGINT',
    ping: (port) => pingPostgres(url(port, 'postgres')),
    arguments: (folder, port) => [configure(folder, port, options)],
  });
  return { url: (database) => url(server.port, database), stop: () => server.stop() };
}

/** It takes its settings from a file alone. @returns the file's path */
function configure(folder: string, port: number, options: PrivatePgBouncerOptions): string {
  const users = join(folder, 'users.txt');
  writeFileSync(users, '"postgres" ""\n');
  const file = join(folder, 'pgbouncer.ini');
  const lines = [
    '[databases]',
    `* = host=127.0.0.1 port=${options.port}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = trust',
    `auth_file = ${users}`,
    `pool_mode = ${options.mode}`,
    `default_pool_size = ${options.poolSize ?? 10}`,
    'max_client_conn = 500',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

function findPgBouncer(): string | undefined {
  return findBinary('pgbouncer', ['/usr/sbin', '/usr/local/sbin']);
}
