import type { DependenciesOpts } from 'bullmq';
import { isRecord, sorted } from './plain-values.js';
import type { Call, QueueName, SideOptions } from './recorded-call.js';
import type { Side } from './side.js';

type Composite = (side: Side, call: Call) => Promise<unknown>;

/** Where getDependencies() puts what was asked for, and where to go on. */
const CURSORS = {
  processed: 'nextProcessedCursor',
  unprocessed: 'nextUnprocessedCursor',
  ignored: 'nextIgnoredCursor',
} as const;

/** Calls that no method of the contract can express in one go. */
export const COMPOSITES: Readonly<Record<string, Composite>> = {
  loseLock(side, { queue, args: [jobId, token] }) {
    return side.loseLock(queue, String(jobId), String(token));
  },

  async moveStalledJobsToWait(side, { queue, at }) {
    await side.endStalledCheck(queue, at);
    return side.queue(queue).moveStalledJobsToWait();
  },

  /**
   * Every page of a job's dependencies. How many entries a page holds is up to Redis (COUNT is a
   * hint, and small sets come whole), and so are the cursors: what is compared is all pages
   * together.
   */
  async dependenciesByCursor(side, { queue, args: [jobId, kind, count] }) {
    if (kind !== 'processed' && kind !== 'unprocessed' && kind !== 'ignored') {
      throw new Error(`dependenciesByCursor: unknown kind ${String(kind)}`);
    }
    const found = new Set<string>();
    let cursor = 0;
    do {
      const opts: DependenciesOpts = { [kind]: { cursor, count: Number(count) } };
      const page = await side.queue(queue).getDependencies(String(jobId), opts);
      for (const entry of entriesOf(page[kind])) found.add(entry);
      cursor = Number(page[CURSORS[kind]]);
    } while (cursor !== 0);
    return sorted([...found]);
  },
};

/**
 * The calls that one recorded call stands for, each with its own time.
 *
 * A job that loses its lock is found out in the same go, so that never two jobs are without a lock
 * at a time: Redis keeps suspects in a set, and the order in which it recovers several is that of
 * its hash.
 */
export function stepsOf(call: Call, { stalledInterval }: SideOptions): Call[] {
  const { queue, method, args, at } = call;
  // Most queues are not paused, and a queue that is not paused refuses.
  if (method === 'obliteratePaused') {
    return [
      { at, queue, method: 'pause', args: [true] },
      { at, queue, method: 'obliterate', args },
    ];
  }
  if (method !== 'stall' && method !== 'lateFinish') return [call];
  const [jobId, token] = args;
  const lost: Call = { at, queue, method: 'loseLock', args: [jobId, token] };
  const tooLate: Call[] = [
    { at, queue, method: 'extendLock', args: [jobId, token, stalledInterval] },
    { at, queue, method: 'moveJobFromActiveToWait', args: [jobId, token] },
  ];
  return [lost, ...(method === 'lateFinish' ? tooLate : []), ...checks(queue, at, stalledInterval)];
}

/**
 * The first look marks the suspects; one that comes too early does nothing; the next one recovers
 * them.
 */
function checks(queue: QueueName, at: number, interval: number): Call[] {
  return [at + interval, at + interval, at + 2 * interval].map((time) => {
    return { at: time, queue, method: 'moveStalledJobsToWait', args: [] };
  });
}

function entriesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return isRecord(value) ? Object.entries(value).map((entry) => JSON.stringify(entry)) : [];
}
