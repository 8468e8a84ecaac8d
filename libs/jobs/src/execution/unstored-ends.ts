import { ConnectionClosedError, ErrorCode, type Job } from 'bullmq';
import { isFenced, isUnfit } from '../engines/index.js';
import { EndNotStoredError, LockLostError } from '../errors/index.js';
import { pause } from '../timers/index.js';
import type { JobLocks } from './job-locks.js';

/** How often the end of a run is stored again after its lock was taken back. */
const MOST_TAKE_BACKS = 10;

/**
 * The end of a run that the store did not take is stored again after pauses that grow from the one
 * to the other.
 */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/** What a store answers to the end of a run whose lock has run out. */
const LOCK_LOST = new Set<unknown>([ErrorCode.JobLockNotExist, ErrorCode.JobLockMismatch]);

/** What BullMQ calls a job that was not claimed with the end of another. */
const NO_JOB = undefined as unknown as Job;

/** The worker whose runs have ended. @internal */
export interface EndingWorker {
  readonly name: string;
  readonly locks: JobLocks;
  emit(event: 'error', error: Error): unknown;
}

/**
 * Ends of runs that the store did not take. Its answer never becomes the end of the run: the end is
 * stored again until it is there, or until the store says that somebody else has the job.
 * @internal
 */
export class UnstoredEnds {
  private readonly ending = new AbortController();

  constructor(private readonly worker: EndingWorker) {}

  /** What is not stored by now is not stored. */
  giveUp(): void {
    this.ending.abort();
  }

  /** @returns the job that was claimed with the end, if one was */
  async storeAgain(refusal: unknown, job: Job, store: () => Promise<Job>): Promise<Job> {
    const location = { queue: this.worker.name, name: job.name, id: job.id! };
    let takeBacks = 0;
    for (
      let error = refusal, wait = FIRST_PAUSE_MS;
      ;
      wait = Math.min(2 * wait, LONGEST_PAUSE_MS)
    ) {
      if (isUnfit(error)) throw error;
      if (isFenced(error)) {
        // A lock that ran out on the way, since the event loop was blocked, is taken back.
        const isOurs = (takeBacks += 1) <= MOST_TAKE_BACKS && (await this.takeBack(error, job));
        if (!isOurs) {
          const { locks } = this.worker;
          this.worker.emit('error', new LockLostError(location, locks.blockedMs(job.id!)));
          return NO_JOB;
        }
      } else {
        // The first one tells. The lock is renewed meanwhile, as while the job ran.
        if (wait === FIRST_PAUSE_MS)
          this.worker.emit('error', new EndNotStoredError(location, causeOf(error)));
        await pause(wait, this.ending);
      }
      // Nothing was recorded, so the job comes again once its lock is over.
      if (this.ending.signal.aborted) return NO_JOB;
      try {
        return await store();
      } catch (next) {
        error = next;
      }
    }
  }

  /**
   * Takes the lock of a run back that is over, unless another process has taken the job. @returns
   * whether it is ours
   */
  private async takeBack(error: unknown, job: Job): Promise<boolean> {
    const isLockLost = LOCK_LOST.has((error as { code?: unknown }).code);
    return isLockLost && (await this.worker.locks.renewNow(job.id!).catch(() => false));
  }
}

/** What the store said, before it was brought into a form that BullMQ knows. */
function causeOf(error: unknown): unknown {
  return error instanceof ConnectionClosedError && error.cause !== undefined ? error.cause : error;
}
