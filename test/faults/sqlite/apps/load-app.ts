import { setTimeout as delay } from 'node:timers/promises';
import { type Job, Queue, Worker } from 'bullmq';
import { meterBlocks } from './block-meter.js';
import type { LoadAppConfig, LoadOrder, LoadReport, LoadTold } from './load-app.protocol.js';

/** A queue, and a worker if wanted, which are fast and count. */
const config = JSON.parse(process.argv[2]!) as LoadAppConfig;
const PROGRESS_MS = 50;
const BULK = 50;

const meter = meterBlocks();
// Later, since the library takes the timers that it finds when it is loaded.
const { createSqliteBackend, sqlite } = await import('bullmq-sqlite');
const connection = sqlite(config.path);
const queue = new Queue('load', { connection }, createSqliteBackend);
const ran: string[] = [];
const latencies: number[] = [];
const errors: string[] = [];

queue.on('error', (error) => errors.push(error.message));
if (config.worker) startWorker();
await queue.waitUntilReady();
process.on('message', (order: LoadOrder) => void obey(order));
process.on('disconnect', () => process.exit());
tell({ type: 'up' });

function startWorker(): void {
  const worker = new Worker(
    'load',
    (job: Job<{ at: number }>) => {
      latencies.push(Date.now() - job.data.at);
      ran.push(job.id!);
      return Promise.resolve();
    },
    { connection, concurrency: config.concurrency ?? 10 },
    createSqliteBackend,
  );
  worker.on('error', (error) => errors.push(error.message));
  worker.on('failed', (_job, error) => errors.push(error.message));
  let told = 0;
  setInterval(() => {
    if (ran.length === told) return;
    told = ran.length;
    tell({ type: 'progress', runs: told });
  }, PROGRESS_MS);
}

async function obey(order: LoadOrder): Promise<void> {
  switch (order.do) {
    case 'add':
      await add(order.count, order.bytes, order.pauseMs);
      tell({ type: 'added' });
      break;
    case 'drain':
      await queue.drain();
      tell({ type: 'drained' });
      break;
    case 'measure-cpu':
      tell({ type: 'cpu', percent: await measureCpu(order.ms) });
      break;
    case 'report':
      tell({ type: 'report', report: report() });
      break;
  }
}

/** One by one when there is a pause between them, else in bulk. */
async function add(count: number, bytes: number, pauseMs = 0): Promise<void> {
  const text = 'x'.repeat(bytes);
  for (let left = count; left > 0; left -= pauseMs > 0 ? 1 : BULK) {
    const jobs = Array.from({ length: pauseMs > 0 ? 1 : Math.min(BULK, left) }, () => ({
      name: 'job',
      data: { at: Date.now(), text },
    }));
    await queue.addBulk(jobs);
    if (pauseMs > 0) await delay(pauseMs * (0.5 + Math.random()));
  }
}

async function measureCpu(ms: number): Promise<number> {
  // The meter has timers of its own.
  meter.stop();
  const [started, before] = [performance.now(), process.cpuUsage()];
  await delay(ms);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 10 / (performance.now() - started);
}

function report(): LoadReport {
  const { blocks, processorBlocks } = meter;
  return { ran, latencies, errors, blocks, processorBlocks, longestDelay: meter.longestDelay() };
}

function tell(told: LoadTold): void {
  process.send?.(told);
}
