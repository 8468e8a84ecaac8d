import type { SqliteConnection } from '../connection/index.js';
import { InvalidSqliteConnectionError } from '../errors/index.js';
import { JobStore } from './job-store.js';

interface SharedStore {
  store: JobStore;
  users: number;
}

const filesByPath = new Map<string, SharedStore>();
const memories = new WeakMap<SqliteConnection, SharedStore>();

/**
 * The store of a connection. Files are shared by path, memory by connection object, until every
 * user has called `releaseStore`.
 *
 * @throws InvalidSqliteConnectionError when the file is open in this process with another
 *   durability.
 */
export function acquireStore(connection: SqliteConnection): JobStore {
  const shared = find(connection) ?? add(connection);
  expectSameDurability(shared.store.connection, connection);
  shared.users += 1;
  return shared.store;
}

/**
 * Gives a store back; the last user closes it. What is in memory stays while its connection object
 * lives.
 */
export async function releaseStore(store: JobStore): Promise<void> {
  const { connection } = store;
  const shared = find(connection);
  if (shared === undefined) return;
  shared.users -= 1;
  if (shared.users > 0 || connection.inMemory) return;
  filesByPath.delete(connection.path);
  await store.close();
}

function find(connection: SqliteConnection): SharedStore | undefined {
  return connection.inMemory ? memories.get(connection) : filesByPath.get(connection.path);
}

function add(connection: SqliteConnection): SharedStore {
  const shared = { store: new JobStore(connection), users: 0 };
  if (connection.inMemory) memories.set(connection, shared);
  else filesByPath.set(connection.path, shared);
  return shared;
}

function expectSameDurability(open: SqliteConnection, wanted: SqliteConnection): void {
  if (open.durability === wanted.durability) return;
  throw new InvalidSqliteConnectionError(
    `durability: expected '${open.durability}', with which this process has ${open.path} open, got '${wanted.durability}'`,
  );
}
