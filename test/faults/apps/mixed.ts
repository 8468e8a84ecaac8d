import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { type BatchSummary, Continuation, Job, JobContext } from 'nestjs-jobs';
import { LedgerWriter } from '../harness/ledger.js';
import { QUEUE } from '../harness/protocol.js';

/** How many steps a job of {@link Mixed.steps} has. */
const STEPS = 3;

/** Handlers of every kind in one class: what they have in common is the ledger. */
@Injectable()
export class Mixed {
  private calls = 0;

  constructor(
    private readonly context: JobContext,
    private readonly ledger: LedgerWriter,
  ) {}

  @Job({ queue: QUEUE })
  plain(label: string, ms: number): Promise<string> {
    return this.work(label, ms);
  }

  /** Fails so often, and then succeeds. */
  @Job({ queue: QUEUE, attempts: 6, backoff: { type: 'fixed', delay: 200 } })
  flaky(label: string, ms: number, failures: number): Promise<string> {
    return this.work(label, ms, () => this.context.attempt <= failures);
  }

  /** Fails for good. */
  @Job({ queue: QUEUE, attempts: 2, backoff: { type: 'fixed', delay: 100 } })
  doomed(label: string, ms: number): Promise<string> {
    return this.work(label, ms, () => true);
  }

  /** Keys are named `<any>x<limit>`. */
  @Job({
    queue: QUEUE,
    concurrency: { key: (key: string) => key, limit: (key) => Number(key.split('x')[1]) },
  })
  keyed(_key: string, label: string, ms: number): Promise<string> {
    return this.work(label, ms);
  }

  @Job({ queue: QUEUE, concurrency: { key: (key: string) => key, limit: 1 } })
  declaring(_key: string, label: string, ms: number): Promise<string> {
    return this.work(label, ms);
  }

  @Continuation({ after: [Mixed, 'declaring'], queue: QUEUE })
  declared(antecedent: string): Promise<string> {
    return this.work(`then.${antecedent}`, 5);
  }

  @Job({ queue: QUEUE, unique: { key: (key: string) => key } })
  unique(_key: string, label: string, ms: number): Promise<string> {
    return this.work(label, ms);
  }

  @Job({ queue: QUEUE })
  async steps(label: string, ms: number): Promise<string> {
    return this.work(label, 0, undefined, async (run) => {
      for (let step = 0; step < STEPS; step += 1) {
        const value = await this.context.once(`step ${step}`, async () => {
          await delay(ms);
          return run;
        });
        this.ledger.append({ type: 'step', label, run, step, done: true, value });
      }
    });
  }

  @Job({ queue: QUEUE })
  follow(label: string, _value: unknown): Promise<string> {
    return this.work(label, 5);
  }

  @Job({ queue: QUEUE })
  batchEnd(label: string, _batch: BatchSummary): Promise<string> {
    return this.work(label, 5);
  }

  /** @returns the label, by which what follows is named */
  private async work(
    label: string,
    ms: number,
    fails?: () => boolean,
    act?: (run: string) => Promise<void>,
  ): Promise<string> {
    const { pid } = process;
    const { id: jobId, attempt, signal } = this.context;
    const run = `${pid}.mixed.${(this.calls += 1)}`;
    this.ledger.append({ type: 'started', label, jobId, run, pid, attempt });
    const end = (ok: boolean) =>
      this.ledger.append({ type: 'ended', label, run, pid, ok, dbOpen: true });
    try {
      await delay(ms, undefined, { signal });
      await act?.(run);
      if (fails?.() === true) throw new Error('as it was told to');
    } catch (error) {
      end(false);
      throw error;
    }
    end(true);
    return label;
  }
}
