import {
  ConnectionClosedError,
  PostgresQueueBackend,
  type IQueueBackend,
  type JobJson,
  type KeepJobs,
  type MinimalJob,
  type MoveToDelayedOpts,
  type PgQueryResult,
  type PostgresConnection,
  type PostgresConnectionOptions,
  type QueueBaseOptions,
  type RetryJobOpts,
} from 'bullmq';
import type { HeldJob, SafeBackend } from '../../contracts/index.js';
import { ClaimPause } from '../claim-pause.js';
import { pause } from '../../timers/index.js';
import { asUnsettled, isFenced } from '../settlement.js';
import { localTimes, statementOf } from './postgres-commands.js';
import type { SharedPostgres } from './postgres-connection.js';
import { BACKEND_SQL } from './postgres-scripts.js';

type Options = QueueBaseOptions<PostgresConnectionOptions> & {
  lockDuration?: number;
  name?: string;
};

/** `[job, id, rate limit delay, delay until]`: what a claim answers to BullMQ's worker. */
type Claim = [job: JobJson, id: string, rateLimitDelay: number, delayUntil: number];

type Finish = { result: void | unknown[]; finishedOn: number };

/** Waits between attempts to store the end of a job, while its lock runs on unrenewed. */
const RETRY_PAUSES_MS = [50, 200, 500];

/** How far two readings of the estimated clock of the store may be out of order. */
const CLOCK_JITTER_MS = 1_000;

type AddEntries = Parameters<IQueueBackend['addJobs']>[0];
type FlowEntries = Parameters<IQueueBackend['addFlow']>[0];

const UNIQUE_VIOLATION = '23505';

/** One job as BullMQ's bulk statement takes it, as far as it is looked at here. */
interface BatchEntry {
  readonly id: string;
  readonly queue: string;
  readonly parentId: string | null;
  readonly parentQueue: string | null;
  readonly dedupId: string | null;
  timestamp: number;
}

/**
 * BullMQ's PostgreSQL backend with its traps closed.
 *
 * A connection that breaks leaves open whether the last statement took effect. BullMQ would record
 * a finished job as failed. Here the statement is sent again; and if the second says "not yours",
 * or a claim had been made whose answer was lost, the store is asked what happened. So the end of a
 * job is stored once, and a job that was claimed for us is run by us, not found abandoned later.
 *
 * The other traps are closed in `statementOf`, which every statement passes.
 * @internal
 */
export class SafePostgresBackend extends PostgresQueueBackend implements SafeBackend {
  /**
   * Claims (by token) and finishes (by token and job) whose connection broke before the answer
   * came, with the store's time of the first attempt.
   */
  private readonly inDoubt = new Map<string, number>();
  private readonly claimPause = new ClaimPause();

  constructor(
    private readonly postgres: SharedPostgres,
    connection: PostgresConnection,
    queueName: string,
    protected override readonly opts: Options,
    ownsConnection = true,
    clientName?: string,
  ) {
    super(connection, queueName, opts, ownsConnection, clientName);
    // BullMQ runs every statement through this method, which TypeScript knows as private. There is
    // no other seam at which a statement still has a name: see postgres.seams.ts.
    this['run'] = (command: string, params?: readonly unknown[]) => this.send(command, params);
  }

  override forQueue(queueName: string): IQueueBackend {
    return new SafePostgresBackend(this.postgres, this.connection, queueName, this.opts, false);
  }

  /** Jobs that are no part of a flow and bring their ids are stored in one plain statement. */
  override async addJobs(entries: AddEntries): Promise<string[]> {
    const jobs = entries.map(({ job, jobId, parentKeyOpts }) =>
      this['toBatchEntry'](this.queueName, job, jobId, parentKeyOpts),
    ) as BatchEntry[];
    const arePlain = jobs.every(
      ({ id, parentId, parentQueue, dedupId }) =>
        id !== '' && parentId == null && parentQueue == null && dedupId == null,
    );
    if (!arePlain || this.connection.isClosing) return super.addJobs(entries);
    const { offset } = this.postgres.clock;
    for (const job of jobs) job.timestamp += offset;
    const params = [this.queueName, JSON.stringify(jobs)];
    const { rows } = await this.postgres.query<{ id: string }>(BACKEND_SQL.addMany, params);
    return rows.map(({ id }) => id);
  }

  /**
   * Flows of new jobs are stored in one plain statement, whose time grows with their number alone.
   */
  override async addFlow(entries: FlowEntries): ReturnType<PostgresQueueBackend['addFlow']> {
    const jobs = entries.map(({ queueName, jobData, jobId, parentKeyOpts }) =>
      this['toBatchEntry'](queueName, jobData, jobId, parentKeyOpts),
    ) as BatchEntry[];
    if (!isSelfContained(jobs) || this.connection.isClosing) return super.addFlow(entries);
    const { offset } = this.postgres.clock;
    for (const job of jobs) job.timestamp += offset;
    try {
      const statement = [BACKEND_SQL.addFlow, [JSON.stringify(jobs)], true] as const;
      const { rows } = await this.postgres.query<{ id: string }>(...statement);
      return rows.map(({ id }) => [null, id]);
    } catch (error) {
      // A job that exists already becomes a child as it is: BullMQ's own way knows how.
      if ((error as { code?: unknown }).code === UNIQUE_VIOLATION) return super.addFlow(entries);
      return jobs.map(() => [error as Error, 0]);
    }
  }

  override async moveToActive(token: string, name?: string): Promise<unknown[]> {
    try {
      const claim = this.inDoubt.has(token) ? await this.adoptClaim(token) : undefined;
      return claim ?? (await super.moveToActive(token, name));
    } catch (error) {
      if (error instanceof ConnectionClosedError) this.inDoubt.set(token, this.storeNow());
      await this.claimPause.after(error);
      throw error;
    }
  }

  async holdDeduplicationId(deduplicationId: string, jobId: string): Promise<string> {
    const params = [this.queueName, deduplicationId, jobId, this.storeNow()];
    const { rows } = await this.postgres.query<{ job_id: string }>(BACKEND_SQL.holdKey, params);
    // Without a row somebody else holds it.
    return rows[0]?.job_id ?? (await this.getDeduplicationJobId(deduplicationId)) ?? '';
  }

  renewLocks(jobs: readonly HeldJob[], durationMs: number): Promise<string[]> {
    const ids = jobs.map(({ id }) => id);
    const tokens = jobs.map(({ token }) => token);
    return this.extendLocks(ids, tokens, durationMs);
  }

  /** BullMQ puts recovered jobs behind all others, though they were first once. */
  override async moveStalledJobsToWait(): Promise<string[]> {
    const ids = await super.moveStalledJobsToWait();
    if (ids.length > 0) {
      // They are recovered: a lost place is no reason to report that as failed.
      await this.postgres
        .query(BACKEND_SQL.putInFront, [this.queueName, ids])
        .catch(() => undefined);
    }
    return ids;
  }

  /** How BullMQ's worker is stopped, gently here and by force in `close()`. */
  override async disconnectBlocking(wait?: boolean): Promise<void> {
    this.claimPause.end();
    await super.disconnectBlocking(wait);
  }

  override async reconnectBlocking(): Promise<void> {
    this.claimPause.allow();
    await super.reconnectBlocking();
  }

  override async close(force?: boolean): Promise<void> {
    this.claimPause.end();
    await super.close(force);
  }

  override moveToCompleted(
    job: MinimalJob,
    returnValue: unknown,
    removeOnComplete: boolean | number | KeepJobs,
    token: string,
    fetchNext: boolean,
  ): Promise<Finish> {
    return this.finish(job.id, token, 'completed', fetchNext, () =>
      super.moveToCompleted(job, returnValue, removeOnComplete, token, fetchNext),
    );
  }

  override moveToFailed(
    job: MinimalJob,
    failedReason: string,
    removeOnFail: boolean | number | KeepJobs,
    token: string,
    fetchNext: boolean,
    fields?: Record<string, unknown>,
  ): Promise<Finish> {
    return this.finish(job.id, token, 'failed', fetchNext, () =>
      super.moveToFailed(job, failedReason, removeOnFail, token, fetchNext, fields),
    );
  }

  override moveToDelayed(
    jobId: string,
    timestamp: number,
    delay: number,
    token = '',
    opts?: MoveToDelayedOpts,
  ): Promise<void | unknown[]> {
    return this.settle(
      jobId,
      token,
      () => super.moveToDelayed(jobId, timestamp, delay, token, opts),
      // It left our hands, so it was delayed, and perhaps has run since.
      async () => ({ answer: (await this.adoptClaim(token)) ?? [] }),
    );
  }

  override async retryJob(
    jobId: string,
    lifo: boolean,
    token = '',
    opts?: RetryJobOpts,
  ): Promise<void> {
    const attempt = (): Promise<void> => super.retryJob(jobId, lifo, token, opts);
    await this.settle(jobId, token, attempt, async () => ({ answer: undefined }));
  }

  override async trimEvents(maxLength: number): Promise<number> {
    const { rowCount } = await this.postgres.query(BACKEND_SQL.trimEvents, [
      this.queueName,
      maxLength,
    ]);
    return rowCount ?? 0;
  }

  /** A key of old versions on Redis: PostgreSQL never had it. */
  override async removeDeprecatedPriorityKey(): Promise<number> {
    return 0;
  }

  override async getClientList(): Promise<string[]> {
    return [await this.postgres.clientNames.list()];
  }

  private finish(
    jobId: string | undefined,
    token: string,
    state: 'completed' | 'failed',
    fetchNext: boolean,
    attempt: () => Promise<Finish>,
  ): Promise<Finish> {
    const id = jobId ?? '';
    return this.settle(id, token, attempt, async (since) => {
      if (!(await this.hasFinished(id, state, since))) return undefined;
      const claim = (await this.adoptClaim(token)) ?? (fetchNext && (await this.claimNext(token)));
      return { answer: { result: claim || undefined, finishedOn: Date.now() } };
    });
  }

  /**
   * Stores the end of a run, again when the connection broke.
   * @param recover what to answer when an earlier attempt took effect; undefined when none did
   */
  private async settle<T>(
    jobId: string,
    token: string,
    attempt: () => Promise<T>,
    recover: (since: number) => Promise<{ answer: T } | undefined>,
  ): Promise<T> {
    const doubt = `${token} ${jobId}`;
    const since = this.inDoubt.get(doubt) ?? this.storeNow();
    for (let retries = 0; ; retries += 1) {
      try {
        const result = await attempt();
        this.inDoubt.delete(doubt);
        return result;
      } catch (error) {
        if (error instanceof ConnectionClosedError) {
          this.inDoubt.set(doubt, since);
          const wait = RETRY_PAUSES_MS[retries];
          // BullMQ tries again later, with the same token: what is in doubt stays so.
          if (wait === undefined) throw error;
          await pause(wait);
          continue;
        }
        if (isFenced(error)) {
          const recovered = this.inDoubt.delete(doubt) ? await recover(since) : undefined;
          if (recovered) return recovered.answer;
        } else this.inDoubt.set(doubt, since);
        throw asUnsettled(error);
      }
    }
  }

  /** Removed counts: retention may take a job in the very moment it ends. */
  private async hasFinished(id: string, state: string, since: number): Promise<boolean> {
    const { rows } = await this.postgres.query<{ state: string; finished_at_ms: string | null }>(
      BACKEND_SQL.finishOf,
      [this.queueName, id],
    );
    const row = rows[0];
    return (
      row === undefined ||
      (row.state === state && Number(row.finished_at_ms) > since - CLOCK_JITTER_MS)
    );
  }

  /** The job that a claim took although its answer was lost. Its lock starts anew. */
  private async adoptClaim(token: string): Promise<Claim | undefined> {
    const { rows } = await this.postgres.query<{ id: string }>(BACKEND_SQL.adoptClaim, [
      this.queueName,
      token,
      this.storeNow() + (this.opts.lockDuration ?? 30_000),
    ]);
    this.inDoubt.delete(token);
    const id = rows[0]?.id;
    const json = id === undefined ? undefined : await this.getJobData(id);
    if (id === undefined || json === undefined) return undefined;
    json.processedOn = Date.now();
    return [json, id, 0, 0];
  }

  private async claimNext(token: string): Promise<unknown[]> {
    return this.moveToActive(token, this.opts.name);
  }

  private storeNow(): number {
    return Date.now() + this.postgres.clock.offset;
  }

  private async send(
    command: string,
    params: readonly unknown[] = [],
  ): Promise<PgQueryResult<Record<string, unknown>>> {
    // As BullMQ does: what is called on a closed queue never settles, so that a straggler does not
    // end the process with a rejection that nobody awaits.
    if (this.connection.isClosing) return new Promise(() => undefined);
    const { offset } = this.postgres.clock;
    const { text, params: values, slow } = statementOf(command, params, offset);
    const result = await this.postgres.query(text, values, slow);
    localTimes(command, result.rows, offset);
    return result;
  }
}

/** Whether all jobs of a flow have ids of their own, and parents among them. */
function isSelfContained(jobs: readonly BatchEntry[]): boolean {
  const seen = new Set<string>();
  return jobs.every(({ id, queue, parentId, parentQueue, dedupId }) => {
    const key = `${queue}:${id}`;
    const isNew = id !== '' && !seen.has(key);
    seen.add(key);
    const isRoot = parentId == null && parentQueue == null;
    return isNew && dedupId == null && (isRoot || seen.has(`${parentQueue}:${parentId}`));
  });
}
