import type { QueueRecord } from '../../store/index.js';

/**
 * Jobs that are never finished here (they failed, or another process has them now) must not pile
 * up.
 */
const MOST_REMEMBERED = 10_000;

const claims = new WeakMap<QueueRecord, Map<string, number>>();

/** Remembers under which `seq` a claimed job is stored: its end needs no search then. */
export function rememberClaim(queue: QueueRecord, jobId: string, seq: number): void {
  let remembered = claims.get(queue);
  if (remembered === undefined) claims.set(queue, (remembered = new Map()));
  if (remembered.size >= MOST_REMEMBERED) remembered.clear();
  remembered.set(jobId, seq);
}

/**
 * The `seq` of a job that was claimed; undefined when that is not known any more. Tells it once.
 */
export function recallClaim(queue: QueueRecord, jobId: string): number | undefined {
  const remembered = claims.get(queue);
  const seq = remembered?.get(jobId);
  if (seq !== undefined) remembered?.delete(jobId);
  return seq;
}
