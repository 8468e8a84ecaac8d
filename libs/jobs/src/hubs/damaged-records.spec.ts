import { Injectable } from '@nestjs/common';
import { expect, it, vi } from 'vitest';
import { describeEngines } from '../../../../test/support/engines.js';
import { createJobsApp } from '../../../../test/support/jobs-app.js';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { servers } from '../coordination/index.js';
import { Job } from '../decorators/index.js';
import { HubQueue } from './hub-queue.js';
import { JobsHealth } from '../health/index.js';
import { hubIdOf, LinkBook } from '../continuations/link-book.js';
import { SHARDS } from './hub-key.js';

@Injectable()
class Work {
  gate = Promise.withResolvers<void>();

  @Job({ concurrency: { key: 'one' } })
  async wait(): Promise<string> {
    await this.gate.promise;
    return 'waited';
  }

  @Job()
  async next(value: string): Promise<string> {
    return `after ${value}`;
  }
}

/** Keys of every kind of record that a sweep reads in parts. */
const DAMAGED = [
  'limits:',
  'server:',
  ...SHARDS.flatMap((digit) => [`links:${digit}`, `batch:${digit}:`]),
];

describeEngines('damaged records', (engine) => {
  it('keep no sweep from the others, and are told of by the health check', async () => {
    const app = await createJobsApp(engine, {
      providers: [Work],
      options: { lock: { duration: '1s', sweep: 20 }, enqueueTimeout: 1_000 },
    });
    const { module, jobs } = app;
    const { store } = module.get<Engine>(JOBS_ENGINE);
    for (const key of DAMAGED) await store.set(`${key}0damaged`, '{ damaged');

    // A sweep alone brings back a hub that is gone.
    const first = await jobs.enqueue(Work, (s) => s.wait());
    const next = await jobs.continueWith(first, Work, (s, value) => s.next(value));
    const { links } = (await module.get(LinkBook).read(first))!;
    await module.get(HubQueue).remove(hubIdOf(links));
    module.get(Work).gate.resolve();
    expect(await next.result()).toBe('after waited');

    expect(await servers.live(store)).toHaveLength(1);
    const health = module.get(JobsHealth);
    const warnings = async () => (await health.check()).warnings.join('\n');
    await vi.waitFor(async () => expect(await warnings()).toMatch(/links:.*JSON/), 10_000);
    expect(await health.check()).toMatchObject({ healthy: true, error: undefined });
  });

  it('of a sweep that fails as a whole make the process unhealthy', async () => {
    const { module } = await createJobsApp(engine, {
      providers: [Work],
      options: { lock: { duration: '1s', sweep: 20 } },
    });
    const health = module.get(JobsHealth);
    const { turns } = module.get<Engine>(JOBS_ENGINE);
    const sweep = vi.spyOn(turns, 'sweep').mockRejectedValue(new Error('no such table'));
    await vi.waitFor(async () =>
      expect(await health.check()).toMatchObject({
        healthy: false,
        error: expect.stringMatching(
          /^concurrency keys: \d+ rounds in a row have failed: no such table/,
        ),
      }),
    );
    sweep.mockRestore();
    await vi.waitFor(async () => expect((await health.check()).healthy).toBe(true));
  });
});
