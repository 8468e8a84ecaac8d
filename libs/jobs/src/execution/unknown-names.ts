import { Inject, Injectable } from '@nestjs/common';
import { DelayedError, UnrecoverableError, WaitingError, type Job } from 'bullmq';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { HandlerRegistry } from '../discovery/index.js';
import { UnknownJobNameError } from '../errors/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Jobs whose name this process has no handler for: those of a newer version in a rolling deploy, or
 * of another service. They are postponed with growing pauses, without burning an attempt, until a
 * process that knows them takes them, or until the time allowed is over.
 * @internal
 */
@Injectable()
export class UnknownNames {
  constructor(
    private readonly registry: HandlerRegistry,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
    private readonly logger: JobLogger,
  ) {}

  /**
   * Postpones the job, or gives it up.
   * @throws DelayedError after postponing; UnrecoverableError when the time is over; WaitingError when
   *   the store is lost
   */
  async postpone(job: Job, token: string): Promise<never> {
    try {
      return await this.postponeOrGiveUp(job, token);
    } catch (error) {
      if (!this.engine.isConnectionError(error)) throw error;
      // Settle nothing: the lock runs out and the job comes back, which burns no attempt.
      throw new WaitingError();
    }
  }

  private async postponeOrGiveUp(job: Job, token: string): Promise<never> {
    const { unknownNameTimeoutMs } = this.options;
    const waited = await this.waitedMs(job);
    const location = { queue: job.queueName, name: job.name, id: job.id! };
    if (waited >= unknownNameTimeoutMs) {
      await this.engine.store.delete(keyOf(job));
      const error = new UnknownJobNameError(location, this.registry.names, waited);
      throw Object.assign(new UnrecoverableError(error.message), { cause: error });
    }
    // Doubling what was waited so far gives 1, 2, 4, 8 … s without counting the rounds.
    const pause = Math.min(
      Math.max(waited, FIRST_PAUSE_MS),
      LONGEST_PAUSE_MS,
      unknownNameTimeoutMs - waited,
    );
    this.logger.warn(messages.unknownName(job.name, job.queueName, pause));
    await job.moveToDelayed(Date.now() + pause, token);
    throw new DelayedError();
  }

  /** How long ago the job was first met by a process that does not know it. */
  private async waitedMs(job: Job): Promise<number> {
    const { store } = this.engine;
    const now = await store.now();
    const isFirst = await store.compareAndSet(
      keyOf(job),
      undefined,
      String(now),
      this.options.unknownNameTimeoutMs + 2 * LONGEST_PAUSE_MS,
    );
    return isFirst ? 0 : now - Number((await store.get(keyOf(job))) ?? now);
  }
}

function keyOf(job: Job): string {
  return `unknown-name:${job.queueName}:${job.id}`;
}
