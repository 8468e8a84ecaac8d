import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { Job, JobContext, JobScheduler } from 'nestjs-jobs';
import { LedgerWriter } from '../harness/ledger.js';
import { type AppConfig, type EnqueueKeyedRequest, QUEUE } from '../harness/protocol.js';
import { APP_CONFIG } from './workload.js';

/** How many jobs one call stores. */
const BULK_SIZE = 1_000;

/** A permit of the store, by which handlers check that no more of their key run than may. */
const CHECK_TTL_MS = 60_000;

interface Permits {
  acquirePermit(name: string, holder: string, limit: number, ttlMs: number): Promise<boolean>;
  releasePermit(name: string, holder: string): Promise<boolean>;
}

/** Jobs that have a concurrency key, named as `<any>x<limit>`, and the same without. */
@Injectable()
export class Keyed {
  private calls = 0;
  private readonly permits: Permits;

  constructor(
    private readonly context: JobContext,
    private readonly jobs: JobScheduler,
    private readonly ledger: LedgerWriter,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {
    // The store that the module itself uses: no part of its API.
    const { store } = Reflect.get(jobs, 'engine') as { store: Permits };
    this.permits = store;
  }

  /** Its label starts with its key. */
  @Job({
    queue: QUEUE,
    concurrency: { key: (key: string) => key, limit: (key) => Number(key.split('x')[1]) },
  })
  async run(key: string, label: string, ms: number): Promise<string> {
    return this.work(key, label, ms);
  }

  @Job({ queue: QUEUE })
  async free(key: string, label: string, ms: number): Promise<string> {
    return this.work(key, label, ms);
  }

  async enqueue(request: EnqueueKeyedRequest): Promise<{ stored: number }> {
    const { keys, first, count, ms, isFree } = request;
    const items = Array.from({ length: count }, (_, i) => {
      const key = keys[(first + i) % keys.length]!;
      return { key, label: `${key}-${String(first + i).padStart(6, '0')}` };
    });
    for (let from = 0; from < count; from += BULK_SIZE) {
      const bulk = items.slice(from, from + BULK_SIZE);
      for (const { label } of bulk) this.ledger.append({ type: 'attempted', label });
      const outcomes = await this.jobs.enqueueMany(Keyed, bulk, (s, { key, label }) =>
        isFree ? s.free(key, label, ms) : s.run(key, label, ms),
      );
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome.status === 'rejected') throw outcome.reason;
        this.ledger.append({ type: 'acked', label: bulk[i]!.label, jobId: outcome.value.id });
      }
    }
    return { stored: count };
  }

  private async work(key: string, label: string, ms: number): Promise<string> {
    const { pid } = process;
    const { id: jobId, attempt } = this.context;
    const run = `${pid}.keyed.${++this.calls}`;
    const { isChecked } = this.config.keyed!;
    if (isChecked && !(await this.acquire(key, run))) throw new Error(`too many of ${key} run`);
    this.ledger.append({ type: 'started', label, jobId, run, pid, attempt });
    if (ms > 0) await delay(ms);
    this.ledger.append({ type: 'ended', label, run, pid, ok: true, dbOpen: true });
    if (isChecked) await this.permits.releasePermit(`check:${key}`, run);
    return run;
  }

  private acquire(key: string, run: string): Promise<boolean> {
    const limit = Number(key.split('x')[1]);
    return this.permits.acquirePermit(`check:${key}`, run, limit, CHECK_TTL_MS);
  }
}
