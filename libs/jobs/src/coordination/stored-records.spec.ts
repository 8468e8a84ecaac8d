import { Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { afterEach, expect, it, vi } from 'vitest';
import { describeEngines, type EngineFixture } from '../../../../test/support/engines.js';
import { createJobsApp, type JobsApp } from '../../../../test/support/jobs-app.js';
import { Job } from '../decorators/index.js';
import { NewerRecordError, ResultTimeoutError } from '../errors/index.js';
import { QueueRegistry } from '../engines/index.js';
import { HubQueue } from '../hubs/index.js';
import { JOBS_ENGINE, type CoordinationStore, type Engine } from '../contracts/index.js';
import { releases } from './index.js';

const SOON = { timeout: 10_000 };

let gate = Promise.withResolvers<void>();
afterEach(() => {
  gate.resolve();
  gate = Promise.withResolvers();
});

@Injectable()
class Work {
  @Job()
  async wait(): Promise<string> {
    await gate.promise;
    return 'waited';
  }

  @Job({ concurrency: { key: 'k' } })
  async limited(): Promise<void> {}

  @Job()
  async next(_value: unknown): Promise<void> {}

  @Job()
  async tick(): Promise<void> {}
}

/** A record that this version reads and writes again. */
interface Kind {
  /** What its key starts with. */
  readonly prefix: string;
  /** Has it stored, and returns what changes it afterwards; that resolves when it has tried. */
  make(app: JobsApp): Promise<() => Promise<unknown>>;
  /** Where fields of a later version are: in the record, or in each item of it. */
  readonly of?: 'items';
  /** Whether it is written again as it is. */
  readonly isOnlyTouched?: true;
}

const enqueueHeld = ({ jobs }: JobsApp) => jobs.enqueue(Work, (s) => s.wait());

const KINDS: readonly Kind[] = [
  {
    prefix: 'recurring:',
    make: async ({ jobs }) => {
      await jobs.recurring.addOrUpdate('r', Work, (s) => s.tick(), { every: '1 day' });
      return () => jobs.recurring.pause('r');
    },
  },
  {
    prefix: 'recurring-run:',
    of: 'items',
    make: async ({ jobs }) => {
      await jobs.recurring.addOrUpdate('r', Work, (s) => s.tick(), { every: '1 day' });
      const run = async () => (await jobs.recurring.trigger('r')).result();
      await run();
      return run;
    },
  },
  {
    prefix: 'links:',
    make: async (app) => {
      const job = await enqueueHeld(app);
      const follow = () => app.jobs.continueWith(job, Work, (s, value) => s.next(value));
      await follow();
      return follow;
    },
  },
  {
    prefix: 'continuation:',
    make: async (app) => {
      const job = await enqueueHeld(app);
      const next = await app.jobs.continueWith(job, Work, (s, value) => s.next(value));
      return () => app.jobs.cancel(next);
    },
  },
  {
    prefix: 'cancel:',
    make: async (app) => {
      const job = await enqueueHeld(app);
      await app.jobs.cancel(job, 'first');
      return () => app.jobs.cancel(job, 'second');
    },
  },
  {
    prefix: 'limits:',
    make: async ({ jobs }) => {
      await jobs.limits.set(Work, 'limited', { limit: 2 });
      return () => jobs.limits.set(Work, 'limited', { limit: 3 });
    },
  },
  {
    prefix: 'idem:',
    make: async (app) => {
      const job = await app.jobs.enqueue(Work, (s) => s.wait(), { idempotencyKey: 'k' });
      return () => {
        gate.resolve();
        return job.result({ timeout: 1_500 });
      };
    },
  },
  {
    prefix: 'unknown-name:',
    make: async ({ module }) => {
      const queue = module.get(QueueRegistry).get('default');
      const job = await queue.add('of another version', { args: [] }, { jobId: 'later' });
      return async () => {
        await vi.waitFor(async () => expect(await job.isDelayed()).toBe(true), SOON);
        const claims = (await queue.getJob('later'))!.attemptsStarted;
        await job.promote();
        await vi.waitFor(async () => {
          const { attemptsStarted } = (await queue.getJob('later'))!;
          expect(attemptsStarted).toBeGreaterThan(claims);
          expect(await job.isDelayed()).toBe(true);
        }, SOON);
      };
    },
  },
  {
    prefix: 'release:',
    isOnlyTouched: true,
    make: async ({ module }) => {
      const { store } = module.get<Engine>(JOBS_ENGINE);
      const content = { names: [], queues: {}, recurring: {} };
      const remember = () => releases.store(store, 'hash', content, 1);
      await remember();
      return remember;
    },
  },
];

describeEngines('a record that two versions change', (engine) => {
  it.each(KINDS)('$prefix keeps what an older version does not know', async (kind) => {
    const { record, change } = await makeRecord(engine, kind);
    const before = await record.edit((value) => {
      for (const one of kind.of === 'items' ? (value as object[]) : [value])
        Object.assign(one, { later: { kept: true } });
      return value;
    });
    await change();
    await vi.waitFor(async () => {
      const after = await record.text();
      if (!kind.isOnlyTouched) expect(after).not.toBe(before);
      expect(after).toContain('"later":{"kept":true}');
    }, SOON);
  });

  it.each(KINDS)(
    '$prefix is left alone in a form that only a newer version knows',
    async (kind) => {
      const { record, change } = await makeRecord(engine, kind);
      const newer = await record.edit((value) => ({ ...value, v: 2 }));
      await change().catch((error: unknown) => {
        if (!(error instanceof ResultTimeoutError)) expect(error).toBeInstanceOf(NewerRecordError);
      });
      expect(await record.text()).toBe(newer);
    },
  );
});

describeEngines('what a newer version has enqueued in a form of its own', (engine) => {
  const isLeftAlone = async (queue: Queue, id: string) => {
    const job = await queue.getJob(id);
    return job?.attemptsMade === 0 && job.attemptsStarted > 0 && (await job.isDelayed());
  };

  it('waits for it: a job burns no attempt, a hub stays', async () => {
    const { module } = await createJobsApp(engine, { providers: [Work] });
    const queue = module.get(QueueRegistry).get('default');
    await queue.add('Work.tick', { args: [], v: 2 }, { jobId: 'newer', attempts: 1 });
    await expect.poll(() => isLeftAlone(queue, 'newer'), SOON).toBe(true);
    const hubs = module.get(HubQueue);
    const data = { queue: 'default', id: 'none', generation: 'g', v: 2 };
    await hubs.addAlone({ kind: 'continuations', id: 'newer', data });
    await expect.poll(() => isLeftAlone(hubs.bullmq, 'newer'), SOON).toBe(true);
  });
});

async function makeRecord(engine: EngineFixture, { prefix, make }: Kind) {
  const app = await createJobsApp(engine, { providers: [Work] });
  const change = await make(app);
  const { store } = app.module.get<Engine>(JOBS_ENGINE);
  const key = await vi.waitFor(() => keyIn(store, prefix), SOON);
  const text = async () => (await store.get(key))!;
  return {
    app,
    change,
    record: {
      text,
      async edit(edit: (value: object) => object): Promise<string> {
        const edited = JSON.stringify(edit(JSON.parse(await text()) as object));
        await store.set(key, edited);
        return edited;
      },
    },
  };
}

async function keyIn(store: CoordinationStore, prefix: string): Promise<string> {
  const keys = [...(await store.entries(prefix)).keys()];
  const key = prefix === 'release:' ? 'release:hash' : keys[0];
  if (key === undefined || !keys.includes(key)) throw new Error(`there is no ${prefix}`);
  return key;
}
