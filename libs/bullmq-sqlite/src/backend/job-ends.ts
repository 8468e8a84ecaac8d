import { SqliteStoreError } from '../errors/index.js';
import type { Claim } from '../jobs/claiming/claim-job.js';
import type { Transaction } from '../store/index.js';
import { monotonicNow, pause } from '../timers/index.js';
import type { Life } from './backend-life.js';

/** How long after a try that failed the end of a run is stored again, in ms. */
const RETRY_MS = 250;

/** The end of a job's run, however it ended. */
export interface JobEnd {
  jobId: string;
  token: string;
  state?: 'completed' | 'failed';
  /** Claims another job in the same transaction. */
  next?: Claim | undefined;
}

/**
 * Stores how runs of jobs ended.
 *
 * BullMQ's worker stores a failure when it could not store a completion. So the end of a run is
 * stored again while the file can't be used (the disk is full, another program holds the lock, …),
 * for as long as a lock lasts. A completion that had to be given up then is not followed by a
 * failure: the job stays active, and is recovered as a stalled one.
 */
export class JobEnds {
  readonly #givenUp = new Map<string, SqliteStoreError>();

  /**
   * @param patience - how long to try, in ms; 0 for once.
   * @param report - told of the first error of each end that has to be stored again.
   */
  constructor(
    private readonly life: Pick<Life, 'write' | 'closing'>,
    private readonly patience: number,
    private readonly report: (error: Error) => void,
  ) {}

  /**
   * @param operation - may be run after the lock's end: the job is still its holder's while nobody
   *   else claimed or recovered it.
   * @throws SqliteStoreError, StoreClosedError
   */
  store<End extends JobEnd, Result>(
    end: End,
    operation: (transaction: Transaction, end: End) => Result,
  ): Promise<Result> {
    const refusal = this.#givenUp.size > 0 ? this.#refusal(end) : undefined;
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.life
      .write((tx) => operation(tx, end))
      .catch((error: unknown) => this.#storeAgain(end, operation, error));
  }

  async #storeAgain<End extends JobEnd, Result>(
    end: End,
    operation: (transaction: Transaction, end: End) => Result,
    firstError: unknown,
  ): Promise<Result> {
    const until = monotonicNow() + this.patience;
    let error = firstError;
    if (error instanceof SqliteStoreError && this.patience > 0) this.report(error);
    while (error instanceof SqliteStoreError) {
      if (monotonicNow() + RETRY_MS > until || this.life.closing !== undefined) {
        if (end.state === 'completed') this.#givenUp.set(keyOf(end), error);
        break;
      }
      await pause(RETRY_MS);
      try {
        // Not with a claim: its time and its lock would be those of the first try.
        return await this.life.write((tx) => operation(tx, { ...end, next: undefined }));
      } catch (again) {
        error = again;
      }
    }
    throw error;
  }

  /** Why this end must not be stored: the run was a success, which could not be stored. */
  #refusal(end: JobEnd): SqliteStoreError | undefined {
    const key = keyOf(end);
    const refusal = this.#givenUp.get(key);
    this.#givenUp.delete(key);
    return end.state === 'completed' ? undefined : refusal;
  }
}

function keyOf({ token, jobId }: JobEnd): string {
  return `${token} ${jobId}`;
}
