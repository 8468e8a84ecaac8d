import { Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { Job, JobsHealth, Recurring } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { emptyStore } from '../../support/empty-store.js';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

/** Two heartbeats, and a machine that is busy. */
const SOON = { timeout: 20_000 };

describeEngines('a store that comes back empty', (engine) => {
  it('has what is declared again, runs jobs, and health says so meanwhile', async () => {
    let ticks = 0;
    @Injectable()
    class Service {
      @Recurring({ every: 500 }, { id: 'often' })
      tick(): void {
        ticks += 1;
      }

      @Recurring('0 0 1 1 *', { id: 'yearly' })
      rest(): void {}

      @Job()
      echo(value: string): string {
        return value;
      }
    }
    const { jobs, module, isolation } = await createJobsApp(engine, { providers: [Service] });
    const health = module.get(JobsHealth);
    expect(await health.check()).toMatchObject({ healthy: true });
    await expect.poll(() => ticks, SOON).toBeGreaterThan(0);

    await emptyStore(engine, isolation);

    const report = await health.check();
    expect(report).toMatchObject({ healthy: false });
    expect(report.error).toMatch(/does not know this server.*lost data/);
    const ids = async () => (await jobs.recurring.list()).map(({ id }) => id);
    await expect.poll(ids, SOON).toEqual(['often', 'yearly']);
    await expect.poll(async () => (await health.check()).healthy, SOON).toBe(true);
    const before = ticks;
    await expect.poll(() => ticks, SOON).toBeGreaterThan(before + 1);
    const handle = await jobs.enqueue(Service, (s) => s.echo('there'));
    const next = await jobs.continueWith(handle, Service, (s, word) => s.echo(word));
    await expect(next.result({ timeout: 10_000 })).resolves.toBe('there');
    expect(await module.get<Queue>('BullQueue_default').getVersion()).toMatch(/^bullmq:/);
  }, 60_000);

  it('has again what another live server declares, whoever leads', async () => {
    const versionOf = (id: string) => {
      @Injectable()
      class Service {
        @Recurring('0 0 1 1 *', { id, name: `${id}.run` })
        run(): void {}
      }
      return Service;
    };
    const first = await createJobsApp(engine, { providers: [versionOf('first')] });
    const { isolation } = first;
    const second = await createJobsApp(engine, { providers: [versionOf('second')], isolation });
    await emptyStore(engine, isolation);
    const ids = async () => (await second.jobs.recurring.list()).map(({ id }) => id);
    await expect.poll(ids, SOON).toEqual(['first', 'second']);
  }, 60_000);
});
