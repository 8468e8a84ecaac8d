import type { Job } from 'bullmq';

/**
 * How long a parked job is delayed, in ms: a day, and a bit by which it is known. Its turn comes
 * long before, as a rule; else it looks after itself once a day.
 * @internal
 */
export const PARKED_MS = 24 * 3_600_000 + 4_711;

/** Between the moment from which a delay is counted and that at which it is stored. */
const TOLERANCE_MS = 1_000;

/** Whether a delayed job waits for its turn, and not for a moment. @internal */
export function isParked({ delay }: Pick<Job, 'delay'>): boolean {
  return delay <= PARKED_MS && delay > PARKED_MS - TOLERANCE_MS;
}
