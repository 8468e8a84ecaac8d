import type { JobJson, RateLimiterOptions } from 'bullmq';
import type { QueueRecord, Transaction } from '../../store/index.js';
import { rememberClaim } from './claimed-jobs.js';
import { promoteJob } from '../row/job-lists.js';
import type { JobRow } from '../row/job-row.js';
import { NO_LOCK_NEEDED } from '../row/lock.js';
import { isMaxed, isPaused } from '../queue/queue-settings.js';
import { DELAY_STEP, positionAt } from '../row/ranks.js';
import { countForLimit, rateLimitDelay } from '../queue/rate-limit.js';
import { nextReady, toClaimedJob } from '../row/ready-jobs.js';
import { recount } from '../row/recount.js';
import { wholeNumber } from '../row/whole-number.js';

/** Who claims, and under which rules. */
export interface Claim {
  token: string;
  /** How long the lock holds, in ms. */
  lockDuration: number;
  /** The worker's name, kept with the job. */
  name?: string | undefined;
  limiter?: RateLimiterOptions | undefined;
}

/**
 * BullMQ's answer to a claim: the job and its id; or how long the rate limit lasts, in ms; or when
 * the next delayed job is due.
 */
export type ClaimResult = [job: JobJson | null, id: string | 0, limitedFor: number, due: number];

const NOTHING: ClaimResult = [null, 0, 0, 0];

/** How many due jobs one claim makes ready. */
const PROMOTION_BATCH = 1_000;

const DUE = `SELECT seq, id, priority FROM job WHERE queue = ? AND state = 'delayed' AND rank < ?
  ORDER BY rank, id LIMIT ${PROMOTION_BATCH}`;
const NEXT_DUE = `SELECT rank / ${DELAY_STEP} AS due FROM job WHERE queue = ? AND state = 'delayed'
  ORDER BY rank LIMIT 1`;
const PAUSED = `SELECT seq, id, priority FROM job WHERE queue = ? AND state = 'delayed' AND pauses_until <= ?
  ORDER BY pauses_until LIMIT ${PROMOTION_BATCH}`;
const NEXT_PAUSED = `SELECT pauses_until AS due FROM job WHERE queue = ? AND state = 'delayed'
  AND pauses_until IS NOT NULL ORDER BY pauses_until LIMIT 1`;
const ACTIVATE = `UPDATE job SET state = 'active', rank = ?, processed_on = ?,
  processed_by = coalesce(?, processed_by), attempts_started = attempts_started + 1, lock_token = ?,
  lock_until = ? WHERE seq = ?`;

const PREVIOUSLY_WAITING = { prev: 'waiting' };

/**
 * Makes due jobs ready, then hands out the next job; undefined when nothing is there, not even
 * delayed.
 *
 * @param now - The wall clock's time, by which jobs are due.
 */
export function claimNext(
  transaction: Transaction,
  queue: QueueRecord,
  claim: Claim,
  now: number,
): ClaimResult | undefined {
  promoteDue(transaction, queue, now);

  const meta = queue.meta(transaction.statements);
  const maxJobs = meta.has('max') ? Number(meta.get('max')) : claim.limiter?.max;
  const steadyNow = transaction.steadyNow();
  const limitedFor = rateLimitDelay(queue, maxJobs, steadyNow);
  if (limitedFor > 0) return [null, 0, limitedFor, 0];
  if (isPaused(transaction, queue) || isMaxed(transaction, queue)) return NOTHING;

  const job = takeReady(transaction, queue, claim, now, steadyNow);
  if (job !== undefined) {
    if (maxJobs !== undefined && job.deferredFailure === undefined) {
      const duration = claim.limiter?.duration ?? Number(meta.get('duration') ?? 0);
      countForLimit(queue, duration, steadyNow);
    }
    transaction.emit(queue, 'active', job.id, PREVIOUSLY_WAITING);
    return [job, job.id, 0, 0];
  }

  const due = nextDue(transaction, queue, now);
  return due === undefined ? undefined : [null, 0, 0, due];
}

/** When the next delayed job is due, in ms of the wall clock. */
export function nextDue(
  transaction: Transaction,
  queue: QueueRecord,
  now: number,
): number | undefined {
  if (queue.counts.delayed === 0) return undefined;
  const due = transaction.get<{ due: number }>(NEXT_DUE, queue.id)?.due;
  const pausesUntil = transaction.get<{ due: number }>(NEXT_PAUSED, queue.id)?.due;
  if (due === undefined || pausesUntil === undefined) return due;
  return Math.min(due, now + Math.max(0, pausesUntil - transaction.steadyNow()));
}

/** Makes the delayed jobs ready whose time has come, or whose pause is over. */
export function promoteDue(transaction: Transaction, queue: QueueRecord, now: number): void {
  if (queue.counts.delayed === 0) return;
  const due = transaction.all<JobRow>(DUE, queue.id, (now + 1) * DELAY_STEP);
  for (const job of due) promoteJob(transaction, queue, job);
  if (queue.counts.delayed === 0) return;
  const paused = transaction.all<JobRow>(PAUSED, queue.id, transaction.steadyNow());
  for (const job of paused) promoteJob(transaction, queue, job);
}

function takeReady(
  transaction: Transaction,
  queue: QueueRecord,
  claim: Claim,
  now: number,
  steadyNow: number,
): JobJson | undefined {
  const { counts } = queue;
  const state = counts.waiting > 0 ? 'waiting' : 'prioritized';
  if (counts[state] === 0) {
    queue.lastPriority = 0;
    return undefined;
  }
  const ready = nextReady(transaction, queue, state);
  if (ready === undefined) {
    // Somebody took rows away without counting them.
    recount(transaction, queue, state);
    return takeReady(transaction, queue, claim, now, steadyNow);
  }
  const [seq, id] = ready;
  const locks = claim.token !== NO_LOCK_NEEDED;
  transaction.runKeepingReady(
    ACTIVATE,
    positionAt(queue, 'back'),
    now,
    claim.name ?? null,
    locks ? claim.token : null,
    locks ? steadyNow + wholeNumber(claim.lockDuration) : 0,
    seq,
  );
  counts[state] -= 1;
  counts.active += 1;
  rememberClaim(queue, id, seq);
  return toClaimedJob(ready, now, claim.name);
}
