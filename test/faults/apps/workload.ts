import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { type BatchSummary, Job, JobContext } from 'nestjs-jobs';
import { LedgerWriter } from '../harness/ledger.js';
import { type AppConfig, type Behaviour, QUEUE } from '../harness/protocol.js';
import { Database } from './database.module.js';

/** DI token of the {@link AppConfig}. */
export const APP_CONFIG = Symbol('faults:config');

/** The handler of nearly all jobs: does as it is told and writes down what happens. */
@Injectable()
export class Workload {
  private calls = 0;

  constructor(
    private readonly context: JobContext,
    private readonly ledger: LedgerWriter,
    private readonly database: Database,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {}

  /** @returns the run's name, so that the stored result says whose it is */
  @Job({ queue: QUEUE })
  async run(label: string, behaviour: Behaviour): Promise<string> {
    const { pid } = process;
    const { id: jobId, attempt, signal } = this.context;
    const run = `${pid}.${++this.calls}`;
    this.ledger.append({ type: 'started', label, jobId, run, pid, attempt });
    const aborted = new Promise<Error>((resolve) => {
      const note = () => {
        const reason = signal.reason as Error;
        const dbOpen = this.database.open;
        this.ledger.append({ type: 'aborted', label, run, pid, reason: reason.name, dbOpen });
        resolve(reason);
      };
      if (signal.aborted) note();
      else signal.addEventListener('abort', note, { once: true });
    });
    const end = (ok: boolean) =>
      this.ledger.append({ type: 'ended', label, run, pid, ok, dbOpen: this.database.open });
    try {
      if (!this.config.finishAtOnce) await this.behave(behaviour, aborted, label, run);
    } catch (error) {
      end(false);
      throw error;
    }
    end(true);
    return run;
  }

  private async behave(
    behaviour: Behaviour,
    aborted: Promise<Error>,
    label: string,
    run: string,
  ): Promise<void> {
    if (behaviour.does !== 'steps') return behave(behaviour, aborted);
    for (let step = 0; step < behaviour.count; step++) {
      const note = (done: boolean, value: string) =>
        this.ledger.append({ type: 'step', label, run, step, done, value });
      const value = await this.context.once(`step ${step}`, async () => {
        note(false, run);
        await delay(behaviour.ms);
        return run;
      });
      note(true, value);
    }
  }
}

/** What follows a batch. */
@Injectable()
export class BatchEnd {
  constructor(private readonly ledger: LedgerWriter) {}

  @Job({ queue: QUEUE })
  async note(label: string, { state, completed }: BatchSummary): Promise<void> {
    this.ledger.append({ type: 'batch-ended', label, state, completed });
  }
}

/** A handler that only the newer version of the application has. */
@Injectable()
export class Upgrade {
  constructor(private readonly workload: Workload) {}

  @Job({ queue: QUEUE })
  run(label: string, behaviour: Behaviour): Promise<string> {
    return this.workload.run(label, behaviour);
  }
}

async function behave(
  behaviour: Exclude<Behaviour, { does: 'steps' }>,
  aborted: Promise<Error>,
): Promise<void> {
  switch (behaviour.does) {
    case 'work':
      await delay(behaviour.ms);
      return;
    case 'obey':
      throw await aborted;
    case 'return-late':
      await aborted;
      return;
    case 'compute':
      for (const until = performance.now() + behaviour.ms; performance.now() < until;);
      return;
    case 'exit':
      process.exit(1);
  }
}
