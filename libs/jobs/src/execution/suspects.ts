import { Inject, Injectable } from '@nestjs/common';
import { DelayedError, WaitingError, type Job } from 'bullmq';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { every, pause } from '../timers/index.js';

/** A job that was running in this many crashes may be their cause. */
const CRASHES_OF_A_SUSPECT = 2;

/** How long a suspect is postponed while another runs: this long, to twice this long. */
const PAUSE_MS = 1_000;

/**
 * Suspects come back together and are claimed together. Whoever may run waits until the others are
 * postponed, or it would take them with it again.
 */
const SETTLE_MS = 500;

/**
 * Jobs that were running when their worker crashed, more than once. One of them may kill each
 * process that runs it, and would take its neighbours with it until they, too, have crashed too
 * often. So, of each queue, suspects run one at a time in the whole fleet: the guilty one then dies
 * alone.
 * @internal
 */
@Injectable()
export class Suspects {
  constructor(
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  isSuspect(job: Job): boolean {
    return job.stalledCounter >= CRASHES_OF_A_SUSPECT;
  }

  /**
   * Runs a suspect while no other suspect of its queue runs; else postpones it, which burns no
   * attempt.
   * @throws DelayedError after postponing; WaitingError when the store is lost
   */
  async runAlone<T>(job: Job, token: string, run: () => Promise<T>): Promise<T> {
    const permit = `suspect:${job.queueName}`;
    const holder = job.id!;
    const { store } = this.engine;
    const ttlMs = 2 * this.options.lockDurationMs;
    try {
      if (!(await store.acquirePermit(permit, holder, 1, ttlMs))) {
        await job.moveToDelayed(Date.now() + Math.round(PAUSE_MS * (1 + Math.random())), token);
        throw new DelayedError();
      }
    } catch (error) {
      // Settle nothing: the lock runs out and the job comes back, which burns no attempt.
      throw error instanceof DelayedError ? error : new WaitingError();
    }
    const renewal = every(
      this.options.lockDurationMs / 2,
      () => void store.acquirePermit(permit, holder, 1, ttlMs).catch(() => undefined),
    );
    try {
      await pause(SETTLE_MS);
      return await run();
    } finally {
      renewal.stop();
      await store.releasePermit(permit, holder).catch(() => undefined);
    }
  }
}
