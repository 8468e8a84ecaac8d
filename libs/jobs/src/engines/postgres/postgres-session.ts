import { JobsConfigurationError } from '../../errors/index.js';
import type { PostgresClient } from './postgres-client.js';

/**
 * What our statements rely on, whatever a database, a role, the server or the driver's options
 * preset.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  // What is looked at after a lock was waited for must be as it is then.
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  // Nothing is found by accident: all names that are not the server's say where they are.
  search_path: '',
  // We have time limits of our own, and the listener's connection is idle for long.
  statement_timeout: '0',
  lock_timeout: '0',
  transaction_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  extra_float_digits: '1',
  // To compile a statement takes a hundred times what it does.
  jit: 'off',
  plan_cache_mode: 'auto',
};

/** Without these our statements do something else. */
const INDISPENSABLE = ['default_transaction_isolation', 'default_transaction_read_only'];

/**
 * First what could hinder the rest. Then those that exist in this version and are otherwise. What
 * is acknowledged is stored: a commit that is not waited for is raised, and a stronger one stays.
 */
const SET = `SET statement_timeout TO 0; SET jit TO off;
  SELECT set_config(name, wanted, false)
    FROM (VALUES ${Object.entries(SETTINGS)
      .map(([name, wanted]) => `('${name}', '${wanted}')`)
      .join(', ')}) AS w(name, wanted) JOIN pg_catalog.pg_settings USING (name)
    WHERE setting <> wanted
    UNION ALL
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`;

const CHECK = `SELECT name, setting, wanted
  FROM unnest($1::text[], $2::text[]) AS w(name, wanted) JOIN pg_catalog.pg_settings USING (name)
  WHERE setting <> wanted ORDER BY name`;

/** Sets what we rely on, on a connection whose session is ours. @internal */
export async function settleSession(client: PostgresClient): Promise<void> {
  // Results in the driver's binary form are for whoever asked for them.
  client.binary = false;
  await client.query(SET);
}

/**
 * Checks what cannot be set, since the session is not ours.
 * @throws JobsConfigurationError with what to do
 * @internal
 */
export async function assertPresets(client: PostgresClient, address: string): Promise<void> {
  const { rows } = await client.query<{ name: string; setting: string; wanted: string }>(CHECK, [
    INDISPENSABLE,
    INDISPENSABLE.map((name) => SETTINGS[name]),
  ]);
  if (rows.length === 0) return;
  throw new JobsConfigurationError(
    rows.map(
      ({ name, setting, wanted }) =>
        `connection: expected ${name} = '${wanted}' at ${address}, got '${setting}'. Nothing can be set for a session ` +
        `behind a transaction pooler: run ALTER ROLE … SET ${name} TO '${wanted}' for the role that the jobs use, and ` +
        `have the pooler open new connections (PgBouncer: RECONNECT)`,
    ),
  );
}

/** How often two connections are compared before they are taken for sessions of their own. */
const ROUNDS = 20;

/**
 * Whether statements of one connection all reach one session of the server, and those of others
 * another. Behind a transaction pooler they do not. Asks only, and changes nothing for whoever
 * shares the connection.
 * @param open opens another connection to the same address, when one does not tell
 * @internal
 */
export async function hasOwnSession(
  client: PostgresClient,
  open: () => Promise<PostgresClient>,
): Promise<boolean> {
  // A server names its process when a connection starts; a pooler, which has none yet, makes up a
  // number.
  if (client.processID === (await processOf(client))) return true;
  const other = await open();
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = await processOf(client);
      const others = await processOf(other);
      if (others === before || (await processOf(client)) !== before) return false;
    }
    return true;
  } finally {
    await other.end();
  }
}

async function processOf(client: PostgresClient): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]!.pid;
}
