import { Injectable } from '@nestjs/common';
import { EnqueueUncertainError, Job, JobsHealth, StoreUnavailableError } from 'nestjs-jobs';
import { afterEach, describe, expect, it } from 'vitest';
import { createJobsApp } from '../support/jobs-app.js';
import type { EngineFixture } from '../support/engines.js';
import { startPrivatePostgres } from '../support/private-postgres.js';
import { startPrivateRedis } from '../support/private-redis.js';

@Injectable()
class Work {
  @Job()
  run(value: number): number {
    return value;
  }
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const stores = [
  {
    name: 'redis',
    start: async () => {
      const server = await startPrivateRedis({ appendonly: true });
      return {
        url: server.url,
        lose: () => server.kill('SIGKILL'),
        bring: () => server.restart(),
        stop: () => server.stop(),
      };
    },
  },
  {
    name: 'postgres',
    start: async () => {
      const server = await startPrivatePostgres();
      return {
        url: server.url,
        lose: () => server.stopImmediate(),
        bring: () => server.restart(),
        stop: () => server.stop(),
      };
    },
  },
] as const;

describe.each(stores)('a lost $name', ({ name, start }) => {
  it('bounds callers, tells health, and is recovered from by itself', async () => {
    const store = await start();
    cleanups.push(async () => store.stop());
    const engine = {
      name,
      url: store.url,
      available: true,
      reason: '',
      isolation: () => ({ prefix: 'lost', schema: 'lost' }),
      cleanup: async () => undefined,
    } satisfies EngineFixture;
    const { jobs, module } = await createJobsApp(engine, {
      providers: [Work],
      options: {
        connection: store.url,
        prefix: 'lost',
        schema: 'lost',
        enqueueTimeout: 300,
        shutdownTimeout: 100,
      },
    });
    expect(await (await jobs.enqueue(Work, (s) => s.run(1))).result()).toBe(1);

    await store.lose();
    const error = (await jobs
      .enqueue(Work, (s) => s.run(2))
      .catch((e: unknown) => e)) as EnqueueUncertainError;
    expect([EnqueueUncertainError, StoreUnavailableError]).toContain(error.constructor);
    expect(await module.get(JobsHealth).check({ timeout: 200 })).toMatchObject({ healthy: false });

    await store.bring();
    await expect
      .poll(() => module.get(JobsHealth).check(), { timeout: 15_000 })
      .toMatchObject({ healthy: true });
    const handle = await jobs.enqueue(Work, (s) => s.run(3));
    expect(await handle.result({ timeout: 15_000 })).toBe(3);
  }, 40_000);
});
