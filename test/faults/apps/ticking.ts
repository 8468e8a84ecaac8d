import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Job, JobContext, JobScheduler } from 'nestjs-jobs';
import { LedgerWriter } from '../harness/ledger.js';
import { type AppConfig, QUEUE } from '../harness/protocol.js';
import { APP_CONFIG } from './workload.js';

/** Recurring jobs, which each boot of each process registers anew. */
@Injectable()
export class Ticking implements OnApplicationBootstrap {
  private runs = 0;

  constructor(
    private readonly jobs: JobScheduler,
    private readonly context: JobContext,
    private readonly ledger: LedgerWriter,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    for (const { id, recurrence, endAt, ...settings } of this.config.recurring ?? []) {
      await this.jobs.recurring.addOrUpdate(id, Ticking, (s) => s.tick(), recurrence, {
        ...settings,
        ...(endAt !== undefined && { endAt: new Date(endAt) }),
      });
    }
  }

  /** Its label is the recurring job and the time that the tick was due. */
  @Job({ queue: QUEUE })
  async tick(): Promise<void> {
    const { pid } = process;
    const { id: jobId, attempt, tick } = this.context;
    const label = `${tick!.recurring}@${tick!.due.getTime()}`;
    const run = `${pid}.tick.${++this.runs}`;
    this.ledger.append({ type: 'started', label, jobId, run, pid, attempt });
    await delay(this.config.tickMs ?? 0);
    this.ledger.append({ type: 'ended', label, run, pid, ok: true, dbOpen: true });
  }
}
