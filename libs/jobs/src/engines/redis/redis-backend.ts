import {
  ConnectionClosedError,
  QueueKeys,
  RedisQueueBackend,
  type IQueueBackend,
  type JobJson,
  type JobType,
  type KeepJobs,
  type KeyPrefixOptions,
  type MinimalJob,
  type MoveToDelayedOpts,
  type QueueBaseOptions,
  type RedisConnection,
  type RetryJobOpts,
} from 'bullmq';
import type { HeldJob, SafeBackend } from '../../contracts/index.js';
import { StoreUnreachableError } from '../../errors/index.js';
import { ClaimPause } from '../claim-pause.js';
import { nextTurn } from '../../timers/index.js';
import { asUnsettled, isFenced } from '../settlement.js';
import type { SharedRedis } from './redis-connection.js';
import { repairJob, type RawJob } from './redis-damaged-jobs.js';
import { isUnavailableReply } from './redis-errors.js';
import { runScript } from './redis-scripts.js';
import { inLocalTime, inStoreTime, isClaiming, localDue } from './script-times.js';

/** `[job, id, rate limit delay, delay until]`: what a claim answers to BullMQ's worker. */
type Claim = [job: JobJson, id: string, rateLimitDelay: number, delayUntil: number];

type Finish = { result: void | unknown[]; finishedOn: number };

/** So many commands are made in a few milliseconds. */
const FLOW_JOBS_A_TURN = 200;

/**
 * What to answer when a settlement took effect although it met an error; undefined when it did not.
 */
type Recovery<T> = (error: unknown) => Promise<{ readonly answer: T } | undefined>;

type Options = QueueBaseOptions & KeyPrefixOptions;

/**
 * BullMQ's Redis backend with its traps closed. All work beyond BullMQ's own happens after
 * something went wrong, so a healthy claim or finish costs no round trip more.
 *
 * - A job that cannot be decoded is claimed by Lua before JavaScript finds out, and so stayed
 *   active for ever. Here it becomes a damaged job that fails alone.
 * - ioredis sends a command again after a reconnect, and BullMQ after an error, though the first
 *   may have run. The second finish then finds no lock, and the job that the first one claimed has
 *   nobody to run it. Here the store is asked what happened.
 * - When a job is due is told by the clock of whoever delays or claims it. Here all use the
 *   server's.
 * - BullMQ's worker takes most of what a finish answers for the failure of the job: see {@link
 *   asUnsettled}.
 * @internal
 */
export class SafeRedisBackend extends RedisQueueBackend implements SafeBackend {
  private readonly claimPause = new ClaimPause();
  /**
   * Settlements, by token and job, that were not confirmed, and may have taken effect all the same.
   */
  private readonly inDoubt = new Set<string>();
  /** Jobs that were added in flows. */
  private flowJobs = 0;

  constructor(
    private readonly redis: SharedRedis,
    private readonly options: Options,
    connection: RedisConnection,
    name: string,
    blockingConnection?: RedisConnection,
    ownsConnection = true,
  ) {
    const keys = new QueueKeys(options.prefix);
    const toKey = (type: string): string => keys.toKey(name, type);
    super(connection, name, keys.getKeys(name), toKey, options, blockingConnection, ownsConnection);
  }

  override forQueue(queueName: string, prefix = this.redisPrefix): IQueueBackend {
    const options = { ...this.options, prefix };
    const { connection, blockingConnection } = this;
    return new SafeRedisBackend(
      this.redis,
      options,
      connection,
      queueName,
      blockingConnection,
      false,
    );
  }

  /** How BullMQ adds each job of a flow. Of thousands, every few go on in a turn of their own. */
  override addJobToTransaction(
    ...[client, job, id, parent, keys]: Parameters<RedisQueueBackend['addJobToTransaction']>
  ): Promise<string> {
    const { clockOffset } = this.redis;
    const timed = clockOffset === 0 ? job : { ...job, timestamp: job.timestamp + clockOffset };
    const add = (): Promise<string> => super.addJobToTransaction(client, timed, id, parent, keys);
    const isInFlow = parent?.deferParentRelease === true;
    return isInFlow && ++this.flowJobs % FLOW_JOBS_A_TURN === 0 ? nextTurn().then(add) : add();
  }

  override execCommand(
    ...[client, script, args]: Parameters<RedisQueueBackend['execCommand']>
  ): unknown {
    const { clockOffset } = this.redis;
    if (clockOffset === 0) return super.execCommand(client, script, args);
    const reply: unknown = super.execCommand(
      client,
      script,
      inStoreTime(script, args, clockOffset),
    );
    if (!isClaiming(script)) return reply;
    return (reply as Promise<unknown>).then((claim) => inLocalTime(claim, clockOffset));
  }

  override async waitForJob(timeout: number): ReturnType<RedisQueueBackend['waitForJob']> {
    const marker = await super.waitForJob(timeout);
    return marker && { ...marker, score: localDue(marker.score, this.redis.clockOffset) };
  }

  override async moveToActive(token: string, name?: string): Promise<unknown[]> {
    const losses = this.redis.connectionLosses;
    try {
      const claim = await super.moveToActive(token, name);
      if (losses !== this.redis.connectionLosses) await this.giveBackDuplicates(token, claim[1]);
      return claim;
    } catch (error) {
      return this.claimInDoubt(error, token);
    }
  }

  async holdDeduplicationId(deduplicationId: string, jobId: string): Promise<string> {
    const { client } = this.redis;
    const key = `${this.toKey('de')}:${deduplicationId}`;
    await client.set(key, jobId, 'NX');
    // Freed in this very moment: it is nobody's, and the job comes again.
    return (await client.get(key)) ?? '';
  }

  async renewLocks(jobs: readonly HeldJob[], durationMs: number): Promise<string[]> {
    const keys = [this.toKey('active'), this.toKey('stalled')];
    const claims = jobs.flatMap(({ id, token, claims: count }) => [id, token, String(count)]);
    const { client } = this.redis;
    return runScript(client, 'renewLocks', ...keys, this.toKey(''), String(durationMs), ...claims);
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
    const losses = this.redis.connectionLosses;
    const finish = super.moveToCompleted(job, returnValue, removeOnComplete, token, fetchNext);
    return this.settled(finish, job.id, token, losses, () =>
      this.finishThatWas('completed', job, token),
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
    const losses = this.redis.connectionLosses;
    const finish = super.moveToFailed(job, failedReason, removeOnFail, token, fetchNext, fields);
    return this.settled(finish, job.id, token, losses, () =>
      this.finishThatWas('failed', job, token),
    );
  }

  override moveToDelayed(
    jobId: string,
    timestamp: number,
    delay: number,
    token?: string,
    opts?: MoveToDelayedOpts,
  ): Promise<void | unknown[]> {
    const losses = this.redis.connectionLosses;
    const move = super.moveToDelayed(jobId, timestamp, delay, token, opts);
    if (token === undefined) return move;
    // It left our hands, so it was delayed, and perhaps has run since.
    return this.settled(move, jobId, token, losses, async (error) =>
      isWrongType(error) ? undefined : { answer: (await this.adoptClaim(token)) ?? [] },
    );
  }

  override retryJob(
    jobId: string,
    lifo: boolean,
    token?: string,
    opts?: RetryJobOpts,
  ): Promise<void> {
    const losses = this.redis.connectionLosses;
    const retry = super.retryJob(jobId, lifo, token, opts);
    if (token === undefined) return retry;
    return this.settled(retry, jobId, token, losses, async (error) =>
      isFenced(error) ? { answer: undefined } : undefined,
    );
  }

  override async getJobs(
    types: JobType[],
    start?: number,
    end?: number,
    asc?: boolean,
  ): ReturnType<RedisQueueBackend['getJobs']> {
    try {
      return await super.getJobs(types, start, end, asc);
    } catch (error) {
      if (!isWrongType(error)) throw error;
      // The script reads all jobs at once. Their ids will do: BullMQ reads each job by itself
      // again.
      const ids: string[][] = await this.getRanges(types, start, end ?? -1, asc);
      return ids.map((of) => of.map((id) => [id, []]));
    }
  }

  override async getJobData(jobId: string): Promise<JobJson | undefined> {
    try {
      return await super.getJobData(jobId);
    } catch (error) {
      if (!isDecodingError(error) && !isWrongType(error)) throw error;
      return repairJob(this.name, jobId, await this.readRaw(jobId)).json;
    }
  }

  override async paginate(
    key: string,
    opts: Parameters<RedisQueueBackend['paginate']>[1],
  ): ReturnType<RedisQueueBackend['paginate']> {
    try {
      return await super.paginate(key, opts);
    } catch (error) {
      // One undecodable child must not hide its siblings: their ids are listed without their data.
      if (!isDecodingError(error) || !opts.fetchJobs) throw error;
      return { ...(await super.paginate(key, { ...opts, fetchJobs: false })), jobs: [] };
    }
  }

  /** A claim failed: if a job was claimed all the same, it is damaged. */
  private async claimInDoubt(error: unknown, token: string): Promise<unknown[]> {
    let failure = error;
    try {
      const mayBeClaimed = isDecodingError(error) || isWrongType(error);
      const claim = mayBeClaimed ? await this.adoptClaim(token) : undefined;
      if (claim) return claim;
    } catch (adoptError) {
      failure = adoptError;
    }
    failure = retryable(failure);
    await this.claimPause.after(failure);
    throw failure;
  }

  /**
   * Tells what became of the end of a run.
   * @param losses how often the connection had been lost before
   */
  private settled<T>(
    attempt: Promise<T>,
    jobId: string | undefined,
    token: string,
    losses: number,
    recover: Recovery<T>,
  ): Promise<T> {
    const doubt = `${token} ${jobId}`;
    const failed = (error: unknown): Promise<T> =>
      this.settledInDoubt(error, doubt, losses, recover);
    if (!this.inDoubt.has(doubt)) return attempt.catch(failed);
    return attempt.then((answer) => {
      this.inDoubt.delete(doubt);
      return answer;
    }, failed);
  }

  private async settledInDoubt<T>(
    error: unknown,
    doubt: string,
    losses: number,
    recover: Recovery<T>,
  ): Promise<T> {
    // "No lock" after a reconnect, or after another attempt: the command may have run before.
    const isRepeated = losses !== this.redis.connectionLosses || this.inDoubt.has(doubt);
    const mayHaveRun = isFenced(error) ? isRepeated : isDecodingError(error) || isWrongType(error);
    let failure = error;
    try {
      const recovered = mayHaveRun ? await recover(error) : undefined;
      if (isFenced(error) || recovered !== undefined) this.inDoubt.delete(doubt);
      else this.inDoubt.add(doubt);
      if (recovered !== undefined) return recovered.answer;
    } catch (recoverError) {
      this.inDoubt.add(doubt);
      failure = recoverError;
    }
    throw asUnsettled(failure);
  }

  private async finishThatWas(
    target: 'completed' | 'failed',
    job: MinimalJob,
    token: string,
  ): Promise<{ answer: Finish } | undefined> {
    if (!(await this.isFinishedAs(target, job.id ?? ''))) return undefined;
    return { answer: { result: await this.adoptClaim(token), finishedOn: Date.now() } };
  }

  /** Removed counts as finished: retention may take a job in the very moment it ends. */
  private async isFinishedAs(target: 'completed' | 'failed', id: string): Promise<boolean> {
    if (await this.isJobInState(target, id)) return true;
    return (await this.redis.client.exists(this.toKey(id))) === 0;
  }

  /** The job that a claim took although its answer was lost or undecodable; repaired if damaged. */
  private async adoptClaim(token: string): Promise<Claim | undefined> {
    const [id] = await this.claimedBy(token);
    if (id === undefined) return undefined;
    const json = (await this.readHealthy(id)) ?? (await this.quarantine(id));
    json.processedOn = Date.now();
    return [json, id, 0, 0];
  }

  private async readHealthy(id: string): Promise<JobJson | undefined> {
    try {
      const json = await super.getJobData(id);
      return json?.name === undefined ? undefined : json;
    } catch (error) {
      if (isDecodingError(error) || isWrongType(error)) return undefined;
      throw error;
    }
  }

  private async quarantine(id: string): Promise<JobJson> {
    const { json, failure, changes } = repairJob(this.name, id, await this.readRaw(id));
    const key = this.toKey(id);
    const fields = Object.entries(changes).flat();
    await runScript(this.redis.client, 'repairJob', key, `${key}:damaged`, failure, ...fields);
    return json;
  }

  /** Puts back what a claim that was sent twice took in excess. */
  private async giveBackDuplicates(token: string, keep: unknown): Promise<void> {
    for (const id of await this.claimedBy(token)) {
      if (id !== keep) await this.moveJobFromActiveToWait(id, token);
    }
  }

  private claimedBy(token: string): Promise<string[]> {
    return runScript(this.redis.client, 'claimedBy', this.toKey('active'), this.toKey(''), token);
  }

  private async readRaw(id: string): Promise<RawJob> {
    return this.redis.client.hgetall(this.toKey(id)).catch((error: unknown) => {
      if (isWrongType(error)) return {};
      throw error;
    });
  }
}

/** BullMQ decodes answers after the script ran, so such an error says: it ran. */
function isDecodingError(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof TypeError;
}

/** A job's key holds something that is no hash. Lua keeps what it did before it found out. */
function isWrongType(error: unknown): boolean {
  return error instanceof Error && error.message.includes('WRONGTYPE');
}

/**
 * After a server that cannot serve now, or an engine that was closed, BullMQ's worker waits before
 * it claims again.
 */
function retryable(error: unknown): unknown {
  if (!(error instanceof StoreUnreachableError) && !isUnavailableReply(error)) return error;
  return new ConnectionClosedError((error as Error).message, error);
}
