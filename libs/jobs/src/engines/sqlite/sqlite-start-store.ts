import type { Transaction } from 'bullmq-sqlite';
import type { StartRequest, StartStore } from '../../contracts/index.js';
import type { SharedSqlite } from './sqlite-connection.js';
import { START_SQL as SQL } from './sqlite-start-scripts.js';

/**
 * The log of starts on SQLite.
 * @internal
 */
export class SqliteStartStore implements StartStore {
  constructor(private readonly sqlite: SharedSqlite) {}

  start(requests: readonly StartRequest[]): Promise<readonly number[]> {
    const { prefix } = this.sqlite;
    return this.sqlite.write((tx) => requests.map((request) => startOne(tx, prefix, request)));
  }
}

function startOne(tx: Transaction, scope: string, request: StartRequest): number {
  const { key, job, max } = request;
  const perMs = Math.ceil(request.perMs);
  const now = tx.steadyNow();
  tx.runKeepingReady(SQL.forget, scope, key, now - perMs);
  const promise = tx.get<{ seq: number; at: number }>(SQL.promise, scope, key, job);
  if (promise !== undefined && promise.at > now) return promise.at - now;
  if (promise !== undefined) tx.runKeepingReady(SQL.takeBack, promise.seq);
  // Whoever comes when it was told to competes with starts alone; others stand behind all promises.
  const edgeOf = promise === undefined ? SQL.edge : SQL.startedEdge;
  const edge = tx.get<{ at: number }>(edgeOf, scope, key, max - 1);
  const at = edge === undefined ? now : edge.at + perMs;
  tx.runKeepingReady(SQL.note, scope, key, at > now ? job : null, at, at + perMs);
  return at - now;
}
