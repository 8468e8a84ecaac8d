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
import { storedKey } from './stored-limit-key.js';

/**
 * Lets a claimed job start where the window of its key has room, and sends it back until the moment
 * that is promised to it otherwise.
 * @internal
 */
@Injectable()
export class RateLimitHook implements JobHook {
  private readonly starts: CallBatch<StartRequest, number>;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly book: LimitBook,
    @Inject(JOBS_ENGINE) engine: Engine,
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
    const delayMs = await this.starts.add({
      key: `${rate.group}|${key}`,
      job: `${job.queue}|${job.id}`,
      ...this.book.rateOf(rate, key),
    });
    return delayMs <= 0 ? { action: 'run' } : { action: 'postpone', delayMs };
  }
}
