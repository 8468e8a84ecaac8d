import type {
  IQueueBackend,
  JobJson,
  JobProgress,
  KeepJobs,
  MinimalJob,
  MoveToDelayedOpts,
  MoveToWaitingChildrenOpts,
  ParentKeyOpts,
  RetryJobOpts,
  RetryOptions,
} from 'bullmq';
import { jobError } from '../errors/index.js';
import { addJob } from '../jobs/adding/add-job.js';
import { type Claim, claimNext, type ClaimResult } from '../jobs/claiming/claim-job.js';
import { finishJob } from '../jobs/finishing/finish-job.js';
import { addFlow } from '../jobs/adding/add-flow.js';
import { moveToWaitingChildren } from '../jobs/changing/move-to-children.js';
import * as jobFields from '../jobs/changing/job-fields.js';
import * as jobLogs from '../jobs/queries/job-logs.js';
import * as locks from '../jobs/row/lock.js';
import * as activeMoves from '../jobs/changing/move-active-job.js';
import * as waitingMoves from '../jobs/changing/move-waiting-job.js';
import type { NewJob } from '../jobs/row/new-job.js';
import { moveJobsToWait, type MoveToWait, reprocess } from '../jobs/changing/retry-finished.js';
import { recoverStalledStep, type StalledProgress } from '../jobs/sweeps/stalled.js';
import { machineNow } from '../timers/index.js';
import { QueueNames } from './queue-names.js';
import { accepted, type Result } from './backend-base.js';
import { BorrowedLife } from './backend-life.js';
import { BackendUpkeep } from './backend-upkeep.js';
import { inPortions, sweep } from './sweep.js';

/**
 * How many jobs of a bulk add share a transaction with others, so that a large call blocks nobody.
 */
const BULK_SLICE = 100;

/** How a job that ran is delayed. */
export interface DelayOptions extends MoveToDelayedOpts {
  /**
   * The delay is a time that is to go by: it ends then, and not later when the wall clock is set
   * back. As on Redis, where the caller's clock decides, when absent.
   */
  isPause?: boolean;
}

/**
 * BullMQ's backend contract on a SQLite file: each method is one operation on the tables, run in
 * the next group commit. What it does, returns and refuses equals the Redis backend.
 */
export class SqliteQueueBackend extends BackendUpkeep implements IQueueBackend {
  forQueue(queueName: string, prefix = this.options.prefix): SqliteQueueBackend {
    const options = this.options.withPrefix(prefix);
    return new SqliteQueueBackend(queueName, options, new BorrowedLife(this.life));
  }

  async addJob(job: JobJson, jobId: string, parentKeyOpts?: ParentKeyOpts): Promise<string> {
    const entry: NewJob = { job, jobId, parentKeyOpts };
    const now = Date.now();
    const id = await this.write((tx) => addJob(tx, this.qualifiedName, entry, now));
    return accepted(id, { command: 'addJob', parentKey: parentKeyOpts?.parentKey }) as string;
  }

  async addJobs(entries: NewJob[]): Promise<string[]> {
    const added: Promise<(string | number)[]>[] = [];
    const now = Date.now();
    for (let start = 0; start < entries.length; start += BULK_SLICE) {
      const slice = entries.slice(start, start + BULK_SLICE);
      added.push(
        this.write((tx) => slice.map((entry) => addJob(tx, this.qualifiedName, entry, now))),
      );
    }
    // A refused job is its code, as from BullMQ's pipeline.
    return (await Promise.all(added)).flat() as string[];
  }

  addFlow(entries: Parameters<IQueueBackend['addFlow']>[0]): Result<'addFlow'> {
    const now = Date.now();
    const jobs = entries.map(({ jobData, jobId, parentKeyOpts, prefix, queueName }) => ({
      job: jobData,
      jobId,
      parentKeyOpts,
      queueName: new QueueNames(prefix, queueName).qualified,
    }));
    return this.write((tx) =>
      addFlow(tx, jobs, now).map((id): [Error | null, string | number] => [null, id]),
    );
  }

  async moveToActive(token: string, name?: string): Promise<ClaimResult> {
    const claim = { ...this.options.claim, token, name };
    // The lock starts when the job is claimed: the file may have been busy until then.
    const claimed = await this.claim((tx) =>
      claimNext(tx, tx.change(this.qualifiedName), claim, Date.now()),
    );
    return claimed ?? [null, 0, 0, 0];
  }

  async moveToCompleted<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    returnValue: R,
    removeOnComplete: boolean | number | KeepJobs,
    token: string,
    fetchNext: boolean,
  ): Result<'moveToCompleted'> {
    const value = JSON.stringify(returnValue) as string | undefined;
    return this.#finish('completed', job, value ?? 'null', removeOnComplete, token, fetchNext);
  }

  moveToFailed<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    failedReason: string,
    removeOnFail: boolean | number | KeepJobs,
    token: string,
    fetchNext: boolean,
    fieldsToUpdate?: Record<string, unknown>,
  ): Result<'moveToFailed'> {
    return this.#finish(
      'failed',
      job,
      failedReason,
      removeOnFail,
      token,
      fetchNext,
      fieldsToUpdate,
    );
  }

  async #finish(
    state: 'completed' | 'failed',
    job: MinimalJob,
    value: string,
    shouldRemove: boolean | number | KeepJobs | undefined,
    token: string,
    fetchNext: boolean,
    fields?: Record<string, unknown>,
  ): Result<'moveToFailed'> {
    const { options } = this;
    const now = Date.now();
    const jobId = job.id ?? '';
    const finish = {
      jobId,
      state,
      value,
      token,
      attempts: job.opts.attempts ?? Number.NaN,
      keep: options.keep(state, shouldRemove),
      fields,
      maxDataPoints: options.maxDataPoints,
      next: this.#next(token, fetchNext),
      now,
      called: machineNow(),
    };
    const result = await this.ends.store(finish, (tx, end) =>
      finishJob(tx, this.qualifiedName, end),
    );
    if (typeof result === 'number') {
      throw jobError(result, { command: 'moveToFinished', jobId, state: 'active' });
    }
    return { result, finishedOn: now };
  }

  #next(token: string, fetchNext: boolean | undefined): Claim | undefined {
    if (fetchNext !== true || this.closing !== undefined) return undefined;
    return { ...this.options.claim, token, name: this.options.workerName };
  }

  async moveToDelayed(
    jobId: string,
    timestamp: number,
    delay: number,
    token = '0',
    { skipAttempt = false, fieldsToUpdate, fetchNext, isPause = false }: DelayOptions = {},
  ): Result<'moveToDelayed'> {
    const move = {
      jobId,
      timestamp,
      delay,
      token,
      skipAttempt,
      isPause,
      fields: fieldsToUpdate,
      next: this.#next(token, fetchNext),
      now: Date.now(),
      called: machineNow(),
    };
    const result = await this.ends.store(move, (tx, end) =>
      activeMoves.moveToDelayed(tx, this.qualifiedName, end),
    );
    if (typeof result === 'number') {
      throw jobError(result, { command: 'moveToDelayed', jobId, state: 'active' });
    }
    return result;
  }

  async moveToWaitingChildren(
    jobId: string,
    token: string,
    { child }: MoveToWaitingChildrenOpts = {},
  ): Promise<boolean> {
    const childKey = child && `${child.queue}:${child.id}`;
    const options = { jobId, token, childKey, now: Date.now(), called: machineNow() };
    const code = await this.ends.store(options, (tx, end) =>
      moveToWaitingChildren(tx, this.qualifiedName, end),
    );
    return accepted(code, { command: 'moveToWaitingChildren', jobId, state: 'active' }) === 0;
  }

  async moveJobFromActiveToWait(jobId: string, token = '0'): Promise<number> {
    const giving = { jobId, token, called: machineNow() };
    const code = await this.ends.store(giving, (tx) =>
      activeMoves.moveActiveToWait(tx, this.qualifiedName, giving),
    );
    return accepted(code, { command: 'moveJobFromActiveToWait', jobId, state: 'active' });
  }

  async retryJob(
    jobId: string,
    lifo: boolean,
    token = '0',
    { fieldsToUpdate }: RetryJobOpts = {},
  ): Promise<void> {
    const end = lifo ? 'front' : 'back';
    const [now, called] = [Date.now(), machineNow()];
    const retry = { jobId, end, token, fields: fieldsToUpdate, now, called } as const;
    const code = await this.ends.store(retry, (tx) =>
      activeMoves.retryActive(tx, this.qualifiedName, retry),
    );
    accepted(code, { command: 'retryJob', jobId, state: 'active' });
  }

  async retryFinishedJob<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    state: 'failed' | 'completed',
    { resetAttemptsMade = false, resetAttemptsStarted = false }: RetryOptions = {},
  ): Promise<void> {
    const jobId = job.id ?? '';
    const end = job.opts.lifo === true ? 'front' : 'back';
    const options = { jobId, state, end, resetAttemptsMade, resetAttemptsStarted } as const;
    const code = await this.write((tx) => reprocess(tx, this.qualifiedName, options));
    accepted(code, { command: 'reprocessJob', jobId, state });
  }

  async promote(jobId: string): Promise<void> {
    const code = await this.write((tx) => waitingMoves.promote(tx, this.qualifiedName, jobId));
    accepted(code, { command: 'promote', jobId, state: 'delayed' });
  }

  moveStalledJobsToWait(): Promise<string[]> {
    return sweep((progress?: StalledProgress) =>
      this.write((tx) =>
        recoverStalledStep(tx, this.qualifiedName, this.options.stalled, progress),
      ),
    );
  }

  retryFinishedJobs(
    state: 'completed' | 'failed' = 'failed',
    count = 1_000,
    timestamp = Date.now(),
  ): Promise<number> {
    return this.#moveJobsToWait({ state, limit: count, timestamp });
  }

  promoteJobs(count = 1_000): Promise<number> {
    return this.#moveJobsToWait({ state: 'delayed', limit: count, timestamp: Number.MAX_VALUE });
  }

  /** Returns 1 when there may be more to move than the limit, else 0. */
  async #moveJobsToWait(move: MoveToWait): Promise<number> {
    const moved = await inPortions(move.limit, (limit) =>
      this.write((tx) => moveJobsToWait(tx, this.qualifiedName, { ...move, limit })),
    );
    return moved < move.limit ? 0 : 1;
  }

  async extendLock(jobId: string, token: string, duration: number): Promise<number> {
    return (await this.extendLocks([jobId], [token], duration)).length === 0 ? 1 : 0;
  }

  extendLocks(jobIds: string[], tokens: string[], duration: number): Promise<string[]> {
    const called = machineNow();
    return this.life.write(
      (tx) => locks.extendLocks(tx, this.qualifiedName, jobIds, tokens, duration, called),
      { synced: false },
    );
  }

  /**
   * Renews locks as `extendLocks` does, and takes those back that have run out, unless somebody has
   * recovered or claimed their jobs since: Redis has forgotten by then whose they were.
   * @returns The ids of the jobs that are lost.
   */
  keepLocks(jobIds: string[], tokens: string[], duration: number): Promise<string[]> {
    return this.life.write(
      (tx) => locks.keepLocks(tx, this.qualifiedName, jobIds, tokens, duration),
      { synced: false },
    );
  }

  async updateData<T, R, N extends string>(job: MinimalJob<T, R, N>, data: T): Promise<void> {
    const jobId = job.id ?? '';
    const json = JSON.stringify(data) as string | undefined;
    const code = await this.write((tx) =>
      jobFields.updateData(tx, this.qualifiedName, jobId, json),
    );
    accepted(code, { command: 'updateData', jobId });
  }

  async updateProgress(jobId: string, progress: JobProgress): Promise<void> {
    const json = JSON.stringify(progress) as string | undefined;
    const code = await this.write((tx) =>
      jobFields.updateProgress(tx, this.qualifiedName, jobId, json),
    );
    accepted(code, { command: 'updateProgress', jobId });
  }

  async addLog(jobId: string, logRow: string, keepLogs?: number): Promise<number> {
    const count = await this.write((tx) =>
      jobLogs.addLog(tx, this.qualifiedName, jobId, logRow, keepLogs),
    );
    return accepted(count, { command: 'addLog', jobId });
  }

  clearLogs(jobId: string, keepLogs?: number): Promise<void> {
    return this.write((tx) => jobLogs.clearLogs(tx, this.qualifiedName, jobId, keepLogs));
  }

  async changeDelay(jobId: string, delay: number): Promise<void> {
    const now = Date.now();
    const code = await this.write((tx) =>
      waitingMoves.changeDelay(tx, this.qualifiedName, jobId, delay, now),
    );
    accepted(code, { command: 'changeDelay', jobId, state: 'delayed' });
  }

  async changePriority(jobId: string, priority = 0, lifo = false): Promise<void> {
    const code = await this.write((tx) =>
      waitingMoves.changePriority(tx, this.qualifiedName, jobId, priority, lifo),
    );
    accepted(code, { command: 'changePriority', jobId });
  }
}
