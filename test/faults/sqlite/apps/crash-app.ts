import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type JobsOptions, Queue, Worker } from 'bullmq';
import { createSqliteBackend, sqlite } from 'bullmq-sqlite';

/**
 * Adds, runs, fails, delays and completes jobs until it is killed. Each job's kind is the end of
 * its id.
 */
const { path, ledger, life, adds } = JSON.parse(process.argv[2]!) as {
  path: string;
  ledger: string;
  life: number;
  adds: boolean;
};

const KINDS: Record<string, JobsOptions> = {
  plain: {},
  urgent: { priority: 3 },
  delayed: { delay: 40 },
  again: { attempts: 3 },
  later: { attempts: 3, backoff: { type: 'fixed', delay: 30 } },
  fatal: { attempts: 1 },
};
const BATCH_PAUSE_MS = 12;

// Opened with O_APPEND: lines of several processes never mix, and outlive their writer.
const descriptor = openSync(ledger, 'a');
const note = (what: string, id: string): void => {
  writeSync(descriptor, `${what} ${id} ${life}\n`);
};

// Started ahead of its turn, so that the time to load the code is no part of a life.
process.once('message', () => void live());
process.once('disconnect', () => process.exit());
process.send?.({ type: 'loaded' });

async function live(): Promise<void> {
  const connection = sqlite(path);
  startWorker(connection);
  if (adds) await addForEver(new Queue('crash', { connection }, createSqliteBackend));
  else process.send?.({ type: 'running' });
}

function startWorker(connection: ReturnType<typeof sqlite>): void {
  const worker = new Worker(
    'crash',
    async (job) => {
      note('started', job.id!);
      await delay(Math.random() * 10);
      const isFirst = job.attemptsMade === 0;
      if (job.name === 'fatal' || (isFirst && (job.name === 'again' || job.name === 'later'))) {
        note('threw', job.id!);
        throw new Error(job.name);
      }
      note('returned', job.id!);
    },
    {
      connection,
      concurrency: 5,
      lockDuration: 1_500,
      stalledInterval: 200,
      maxStalledCount: 1_000,
    },
    createSqliteBackend,
  );
  worker.on('completed', (job) => note('completed', job.id!));
  worker.on('failed', (job) =>
    note(job!.finishedOn === undefined ? 'retried' : 'failed', job!.id!),
  );
  worker.on('error', (error) => {
    note('error', JSON.stringify(`${error.name}: ${error.message}`));
  });
}

/** All that it asks of a queue, whose type tells its backend. */
type Adding = Pick<Queue, 'add'>;

async function addForEver(queue: Adding): Promise<void> {
  for (let batch = 0; ; batch += 1) {
    const names = Object.keys(KINDS);
    await Promise.all(
      names.map(async (kind, lane) => {
        const id = `${life}-${batch}-${lane}-${kind}`;
        note('adding', id);
        await queue.add(kind, { batch }, { jobId: id, ...KINDS[kind] });
        note('added', id);
      }),
    );
    if (batch === 0) process.send?.({ type: 'running' });
    await delay(BATCH_PAUSE_MS);
  }
}

process.once('exit', () => closeSync(descriptor));
