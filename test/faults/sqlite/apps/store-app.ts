import { Job, Queue, Worker } from 'bullmq';
import { createSqliteBackend, openStore, sqlite, SqliteStoreError } from 'bullmq-sqlite';
import {
  QUEUE_NAME,
  type StoreAppConfig,
  type StoreOrder,
  type StoreTold,
  type ToldError,
} from './store-app.protocol.js';

/** A queue and a worker on one file: does what it is told, and tells all that happens. */
const {
  path,
  lockDuration = 30_000,
  busyTimeout = 300,
} = JSON.parse(process.argv[2]!) as StoreAppConfig;
const connection = sqlite(path, { busyTimeout });
const queue = new Queue(QUEUE_NAME, { connection }, createSqliteBackend);
const held = Promise.withResolvers<void>();

const worker = new Worker(
  QUEUE_NAME,
  async (job: Job<{ hold: boolean }>) => {
    tell({ type: 'started', id: job.id! });
    if (job.data.hold) await held.promise;
    return 'done';
  },
  { connection, concurrency: 2, lockDuration, stalledInterval: 500, maxStalledCount: 5 },
  createSqliteBackend,
);
queue.on('error', () => undefined);
worker.on('error', (error) => tell({ type: 'error', error: toldError(error), at: Date.now() }));
worker.on('completed', (job) => tell({ type: 'completed', id: job.id! }));
worker.on('failed', (job, error) => tell({ type: 'failed', id: job!.id!, reason: error.message }));

process.on('message', (order: StoreOrder) => void obey(order));
process.on('disconnect', () => process.exit());
tell({ type: 'up' });

async function obey(order: StoreOrder): Promise<void> {
  switch (order.do) {
    case 'add':
      for (const id of order.ids) await add(id, order.hold ?? false);
      break;
    case 'release':
      held.resolve();
      break;
    case 'inspect':
      tell({ type: 'jobs', jobs: await Promise.all(order.ids.map(inspect)) });
      break;
    case 'limit-pages':
      await limitPages(order.limited);
      tell({ type: 'limited' });
      break;
    case 'close':
      await Promise.all([worker.close(), queue.close()]);
      tell({ type: 'closed' });
      break;
  }
}

async function add(id: string, hold: boolean): Promise<void> {
  try {
    // A page or so: the file must grow for it.
    await queue.add('job', { hold, text: 'x'.repeat(4_000) }, { jobId: id, attempts: 1 });
    tell({ type: 'added', id });
  } catch (error) {
    tell({ type: 'refused', id, error: toldError(error) });
  }
}

async function inspect(id: string) {
  const job = await Job.fromId(queue, id);
  const state = await queue.getJobState(id);
  return { id, state, attemptsMade: job?.attemptsMade ?? -1, failedReason: job?.failedReason };
}

async function limitPages(limited: boolean): Promise<void> {
  const store = openStore(connection);
  // SQLite does not set a limit below the size: that is how to say "no more than now".
  await store.read((tx) => tx.get(`PRAGMA max_page_count = ${limited ? 1 : 1_000_000}`));
  await store.close();
}

function tell(told: StoreTold): void {
  process.send?.(told);
}

function toldError(error: unknown): ToldError {
  const { name, message } = error as Error;
  return { name, message, path: error instanceof SqliteStoreError ? error.path : undefined };
}
