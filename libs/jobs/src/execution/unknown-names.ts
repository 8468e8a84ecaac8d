import { Inject, Injectable } from '@nestjs/common';
import { DelayedError, UnrecoverableError, WaitingError, type Job } from 'bullmq';
import { JOBS_ENGINE, type Engine, type LimitKeys } from '../contracts/index.js';
import { handovers, unknownJobs, type Handover, type UnknownJob } from '../coordination/index.js';
import { HandlerRegistry } from '../discovery/index.js';
import { NewerRecordError, UnknownJobNameError } from '../errors/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import type { StoredPayload } from '../payload/index.js';
import { monotonicNow } from '../timers/index.js';
import { ClaimYield } from './claim-yield.js';
import { Fleet } from './fleet.js';
import { JobHooks } from './job-hooks.js';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * A job that was handed over comes back after so long, in ms, should nobody have taken it; and by
 * so much later for each other that was handed over lately: a backlog for servers that are busy
 * must not keep this one busy too.
 */
const HANDED_OVER_MS = 5_000;
const PACE_MS = 5;

/**
 * Jobs whose name this process has no handler for: those of another version in a rolling deploy, or
 * of another service. Neither burns an attempt. What a server that lives can run is handed over to
 * it, and never given up. What none can run is postponed with growing pauses, until one boots that
 * can, or until the time allowed is over.
 * @internal
 */
@Injectable()
export class UnknownNames {
  private handedOver = 0;
  private countedFrom = -Infinity;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly fleet: Fleet,
    private readonly yielding: ClaimYield,
    private readonly hooks: JobHooks,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
    private readonly logger: JobLogger,
  ) {}

  /**
   * Hands the job over, postpones it, or gives it up.
   * @returns what to complete it with, which removes it: nobody wants it any more
   * @throws DelayedError when it comes again; UnrecoverableError when the time is over;
   *   WaitingError when the store is lost
   */
  async postpone(job: Job, token: string): Promise<null> {
    this.yielding.note(job.queueName);
    try {
      if (await this.fleet.canRun(job.queueName, job.name)) return await this.handOver(job, token);
      return await this.postponeOrGiveUp(job, token);
    } catch (error) {
      // What is noted of the job is for the version that knows it.
      if (error instanceof NewerRecordError) return await this.leave(job, token);
      if (error instanceof DelayedError || error instanceof UnrecoverableError) throw error;
      // Settle nothing: the lock runs out and the job comes back, which burns no attempt.
      throw new WaitingError();
    }
  }

  /**
   * Leaves a job to the newer version of the library that wrote it: it comes again after a while.
   * @throws DelayedError; WaitingError when the store is lost
   */
  async leave(job: Job, token: string): Promise<never> {
    this.yielding.note(job.queueName);
    await this.sendAway(job, token, HANDED_OVER_MS + this.pace(), true).catch(() => {
      throw new WaitingError();
    });
    throw new DelayedError();
  }

  private async handOver(job: Job, token: string): Promise<never> {
    const start = monotonicNow();
    this.logger.debug(messages.handedOver(job.name, job.queueName));
    await this.sendAway(job, token, HANDED_OVER_MS + this.pace(), true);
    await handovers.tell(this.engine.store, toHandover(job)).catch(() => undefined);
    this.yielding.note(job.queueName, monotonicNow() - start);
    throw new DelayedError();
  }

  private async postponeOrGiveUp(job: Job, token: string): Promise<null> {
    const { unknownNameTimeoutMs } = this.options;
    const { store } = this.engine;
    const handover = toHandover(job);
    const now = await store.steadyNow();
    const noted = await unknownJobs.find(store, handover);
    const { since = now } = noted ?? {};
    const waited = now - since;
    const unwanted = await this.whyUnwanted(job);
    if (waited >= unknownNameTimeoutMs) {
      await unknownJobs.forget(store, handover);
      if (unwanted !== undefined) return this.remove(job, unwanted);
      const error = new UnknownJobNameError(handover, this.registry.names, waited);
      throw Object.assign(new UnrecoverableError(error.message), { cause: error });
    }
    // Doubling what was waited so far gives 1, 2, 4, 8 … s without counting the rounds.
    const pause = Math.min(
      Math.max(waited, FIRST_PAUSE_MS),
      LONGEST_PAUSE_MS,
      unknownNameTimeoutMs - waited,
    );
    await unknownJobs.note(
      store,
      { ...noted, ...handover, since, ...lineOf(job) },
      unknownNameTimeoutMs + 2 * LONGEST_PAUSE_MS,
    );
    const line = messages.unknownName(job.name, job.queueName, pause);
    if (unwanted === undefined) this.logger.warn(line);
    else this.logger.debug(line);
    await this.sendAway(job, token, pause, false);
    throw new DelayedError();
  }

  /** One that has begun to run may have done half of its work, and others may wait for its end. */
  private async whyUnwanted(job: Job<StoredPayload>): Promise<string | undefined> {
    const { queueName: queue, id, name, data, attemptsMade, parentKey } = job;
    if (attemptsMade > 0 || parentKey !== undefined) return undefined;
    return this.hooks.unwanted({ queue, id: id!, name, tick: data.tick });
  }

  private remove(job: Job, reason: string): null {
    job.opts.removeOnComplete = true;
    this.logger.info(messages.unwanted(job.name, job.id!, job.queueName, reason));
    return null;
  }

  private async sendAway(
    job: Job,
    token: string,
    ms: number,
    isHandedOver: boolean,
  ): Promise<void> {
    const { queueName: queue, id, opts: options } = job;
    await this.hooks.sentAway({ queue, id: id!, options, isHandedOver });
    await job.moveToDelayed(Date.now() + ms, token);
  }

  private pace(): number {
    const now = monotonicNow();
    if (now - this.countedFrom > HANDED_OVER_MS) {
      this.countedFrom = now;
      this.handedOver = 0;
    }
    this.handedOver += 1;
    return this.handedOver * PACE_MS;
  }
}

function lineOf({ opts }: Job): Pick<UnknownJob, 'line'> | undefined {
  const { concurrencyKey, concurrencyGroup } = opts as LimitKeys;
  if (concurrencyKey === undefined || concurrencyGroup === undefined) return undefined;
  return { line: { concurrencyKey, concurrencyGroup } };
}

function toHandover({ queueName, id, name, attemptsStarted }: Job): Handover {
  return { queue: queueName, id: id!, name, claims: attemptsStarted };
}
