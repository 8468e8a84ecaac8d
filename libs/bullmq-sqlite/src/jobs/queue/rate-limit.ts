import type { QueueRecord } from '../../store/index.js';

/**
 * The limiter's window that is open: how many jobs it has let through, and how long it lasts, in
 * ms. All times are steady.
 */
export function remainingWindow(queue: QueueRecord, now: number): number {
  return Math.max(0, queue.limiterUntil - now);
}

/** How long, in ms, the queue must not hand out jobs: 0 when it may. */
export function rateLimitDelay(
  queue: QueueRecord,
  maxJobs: number | undefined,
  now: number,
): number {
  const window = remainingWindow(queue, now);
  if (window === 0) queue.limiterCount = 0;
  return maxJobs !== undefined && maxJobs <= queue.limiterCount ? window : 0;
}

/** Counts a job that was handed out; the first one opens the window. */
export function countForLimit(queue: QueueRecord, duration: number, now: number): void {
  queue.limiterCount += 1;
  if (queue.limiterCount === 1) queue.limiterUntil = now + Math.floor(Math.abs(duration));
}
