import { Injectable } from '@nestjs/common';
import { Job, JobsHealth, Recurring } from 'nestjs-jobs';
import { expect, it, onTestFinished } from 'vitest';
import { describeUnless } from '../support/describe-unless.js';
import { createJobsApp } from '../support/jobs-app.js';
import { startPrivateRedis, whyNoPrivateRedis } from '../support/private-redis.js';

/** What is promised. */
const WITHIN = { timeout: 30_000 };

describeUnless(whyNoPrivateRedis(), 'a Redis server that restarts without its data', () => {
  it('has what is declared again within 30 s, and health says so meanwhile', async () => {
    const server = await startPrivateRedis();
    onTestFinished(() => server.stop());
    let ticks = 0;
    @Injectable()
    class Service {
      @Recurring({ every: 500 }, { id: 'often' })
      tick(): void {
        ticks += 1;
      }

      @Job()
      echo(value: string): string {
        return value;
      }
    }
    const engine = {
      connection: server.url,
      reusedIsolation: () => ({ prefix: 'jobs', schema: 'jobs' }),
      cleanup: async () => undefined,
    };
    const { jobs, module } = await createJobsApp(engine, { providers: [Service] });
    const health = module.get(JobsHealth);
    const states: string[] = [];
    await expect.poll(() => ticks, WITHIN).toBeGreaterThan(1);

    await server.kill();
    await server.restart();

    const state = async (): Promise<string> => {
      const { healthy, error = 'healthy' } = await health.check();
      states.push(error);
      return healthy ? 'healthy' : 'ill';
    };
    await expect.poll(state, { ...WITHIN, interval: 20 }).toBe('ill');
    await expect.poll(state, { ...WITHIN, interval: 20 }).toBe('healthy');
    expect(states.join()).toMatch(/does not know this server/);
    expect((await jobs.recurring.list()).map(({ id }) => id)).toEqual(['often']);
    const before = ticks;
    await expect.poll(() => ticks, WITHIN).toBeGreaterThan(before + 1);
    const handle = await jobs.enqueue(Service, (s) => s.echo('there'));
    await expect(handle.result({ timeout: 10_000 })).resolves.toBe('there');
  }, 90_000);
});
