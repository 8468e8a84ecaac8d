import { Inject, Injectable } from '@nestjs/common';
import {
  JOBS_ENGINE,
  type ClaimDecision,
  type Engine,
  type JobHook,
  type RunningJob,
  type StartRequest,
} from '../contracts/index.js';
import { HandlerRegistry, type RateLimit } from '../discovery/index.js';
import { CallBatch } from './call-batch.js';
import { LimitBook } from './limit-book.service.js';
import { storedKey } from './stored-key.js';

/** After the store was lost at a claim, the job comes again this soon, in ms. */
const STORE_LOST_PAUSE_MS = 1_000;

/**
 * Lets a claimed job start where the window of its key has room, and sends it back until the moment that is promised to
 * it otherwise.
 * @internal
 */
@Injectable()
export class RateLimitHook implements JobHook {
  private readonly starts: CallBatch<StartRequest, number>;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly book: LimitBook,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {
    this.starts = new CallBatch((requests) => engine.starts.start(requests));
  }

  onClaimed(job: RunningJob): Promise<ClaimDecision> | undefined {
    const rate = this.registry.byName(job.name)?.rateLimit;
    if (rate === undefined || job.stored === undefined) return undefined;
    return this.claim(job, rate);
  }

  private async claim(job: RunningJob, rate: RateLimit): Promise<ClaimDecision> {
    const key = storedKey(job, 'rateLimit', rate.key);
    try {
      const delayMs = await this.starts.add({
        key: `${rate.group}|${key}`,
        job: `${job.queue}|${job.id}`,
        ...this.book.rateOf(rate, key),
      });
      return delayMs <= 0 ? { action: 'run' } : { action: 'postpone', delayMs };
    } catch (error) {
      if (!this.engine.isConnectionError(error)) throw error;
      return { action: 'postpone', delayMs: STORE_LOST_PAUSE_MS };
    }
  }
}
