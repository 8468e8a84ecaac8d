import type { SqliteConnection } from 'bullmq-sqlite';
import type { RawBullmq, RawQueue, RawWorker } from './bench-engine.js';

/** BullMQ's own classes on our backend, with nothing else of ours. */
export async function openBullmqOnSqlite(
  connection: SqliteConnection,
  prefix: string,
): Promise<RawBullmq> {
  const [{ Queue, Worker }, { createSqliteBackend }] = await Promise.all([
    import('bullmq'),
    import('bullmq-sqlite'),
  ]);
  return {
    queue: (name, options): RawQueue =>
      new Queue(name, { ...options, connection, prefix }, createSqliteBackend),
    worker: (name, processor, options): RawWorker =>
      new Worker(name, processor, { ...options, connection, prefix }, createSqliteBackend),
    close: () => Promise.resolve(),
  };
}
