import { Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import type { TurnStep } from '../contracts/index.js';
import { HandlerRegistry } from '../discovery/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JobLines, type PreparedJob } from '../enqueueing/index.js';
import { ArrivingJobs } from './arriving-jobs.js';
import { LimitBook } from './limit-book.service.js';
import { Lines } from './lines.js';
import { TurnRepairs } from './turn-repairs.js';
import { PARKED_MS } from './parking.js';
import { lineOf } from './stored-limit-key.js';

/**
 * Gives tickets to jobs that are enqueued. Those without a turn are stored as parked ones at once:
 * moving them later would cost a second trip each.
 * @internal
 */
@Injectable()
export class EnqueueLines extends JobLines {
  constructor(
    private readonly lines: Lines,
    private readonly repairs: TurnRepairs,
    private readonly arriving: ArrivingJobs,
    private readonly book: LimitBook,
    private readonly registry: HandlerRegistry,
    private readonly logger: JobLogger,
  ) {
    super();
  }

  async place(jobs: readonly PreparedJob[]): Promise<readonly PreparedJob[]> {
    await this.book.follow();
    this.arriving.expect(jobs);
    const hasTurn = await this.lines.apply(jobs.map((job) => this.stepOf('take', job)));
    return jobs.map((job, index) =>
      hasTurn[index] ? job : { ...job, opts: { ...job.opts, delay: PARKED_MS } },
    );
  }

  settle(jobs: readonly PreparedJob[]): void {
    this.arriving.settle(jobs);
  }

  withdraw(job: PreparedJob): void {
    // An id that a caller chose may be that of a job with a ticket of its own.
    const ticket = this.stepOf('end', job);
    const done =
      job.data.nonce === undefined ? this.lines.step(ticket) : this.repairs.inspect(ticket);
    done.catch((error) => this.logger.error(messages.linesFailed(error)));
  }

  async removed({ name, queueName: queue, id, opts }: Job): Promise<void> {
    const key = lineOf(opts, this.registry.byName(name)?.concurrency);
    if (key === undefined) return;
    const limit = this.lines.limitOf(key, 1);
    await this.lines.step({ action: 'end', key, queue, id: id!, limit });
  }

  private stepOf(action: TurnStep['action'], job: PreparedJob): TurnStep {
    const { queue, id, opts, concurrency } = job;
    const key = opts.concurrencyKey!;
    const limit = this.book.concurrencyOf(concurrency!, key);
    return { action, key: `${concurrency!.group}|${key}`, queue, id, limit };
  }
}
