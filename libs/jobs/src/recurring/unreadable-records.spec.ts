import { Injectable } from '@nestjs/common';
import { afterEach, expect, it, vi } from 'vitest';
import { describeEngines } from '../../../../test/support/engines.js';
import { createJobsApp, type JobsApp } from '../../../../test/support/jobs-app.js';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { Job, Recurring } from '../decorators/index.js';
import { JobsHealth } from '../health/index.js';
import { JobLogger } from '../logging/index.js';

@Injectable()
class Work {
  static runs: string[] = [];

  @Recurring({ every: 100 }, { id: 'bad' })
  async bad(): Promise<void> {
    Work.runs.push('bad');
  }

  @Recurring({ every: 100 }, { id: 'fine' })
  async fine(): Promise<void> {
    Work.runs.push('fine');
  }

  @Job()
  async plain(): Promise<string> {
    return 'done';
  }
}

const SOON = { timeout: 10_000 };
const storeOf = ({ module }: JobsApp) => module.get<Engine>(JOBS_ENGINE).store;

afterEach(() => vi.restoreAllMocks());

describeEngines('a boot beside a record that cannot be read', (engine) => {
  const boot = (isolation?: JobsApp['isolation']) =>
    createJobsApp(engine, { providers: [Work], ...(isolation && { isolation }) });

  /** Boots, has a record spoilt while no process lives, and boots again. */
  async function bootBeside(prefix: string, text: string) {
    const first = await boot();
    const watch = await createJobsApp(engine, {
      isolation: first.isolation,
      options: { ...first.options, workers: false },
    });
    const store = storeOf(watch);
    const [key] = [...(await store.entries(prefix)).keys()].toSorted();
    await first.close();
    await store.set(key!, text);
    const told: string[] = [];
    vi.spyOn(JobLogger.prototype, 'error').mockImplementation((line) => void told.push(line));
    const app = await boot(first.isolation);
    Work.runs = [];
    return { app, key: key!, store, told };
  }

  const warningsOf = async ({ module }: JobsApp) =>
    (await module.get(JobsHealth, { strict: false }).check()).warnings.join();

  it.each(['{"v":99}', '{bad', '{}'])(
    'leaves a recurring job that is %s alone, and runs the others',
    async (text) => {
      const { app, key, store, told } = await bootBeside('recurring:', text);
      expect(key).toBe('recurring:bad');
      await app.jobs.recurring.list();
      await expect.poll(() => Work.runs.length, SOON).toBeGreaterThan(3);
      expect(new Set(Work.runs)).toEqual(new Set(['fine']));
      expect(await store.get(key)).toBe(text);
      expect(told.filter((line) => line.includes(key))).toHaveLength(1);
      await expect.poll(() => warningsOf(app), SOON).toContain(key);
      await expect(app.jobs.recurring.pause('bad')).rejects.toThrow(key);
      // A hint that it may have changed must not stop the ticks of the others.
      await store.publish('recurring', 'bad');
      const before = Work.runs.length;
      await expect.poll(() => Work.runs.length, SOON).toBeGreaterThan(before + 3);
    },
  );

  it.each(['{"v":99}', '{bad', '{}'])(
    'leaves what a version declares alone that is %s',
    async (text) => {
      const { app, key, store, told } = await bootBeside('release:', text);
      const job = await app.jobs.enqueue(Work, (s) => s.plain());
      expect(await job.result()).toBe('done');
      await expect.poll(() => Work.runs, SOON).toContain('fine');
      expect(await store.get(key)).toBe(text);
      expect(told.filter((line) => line.includes(key))).toHaveLength(1);
      await expect.poll(() => warningsOf(app), SOON).toContain(key);
    },
  );
});
