import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { EnqueueUncertainError, Job, JobsHealth, StoreUnavailableError } from 'nestjs-jobs';
import { expect, it, onTestFinished } from 'vitest';
import { describeUnless } from '../support/describe-unless.js';
import type { EngineName } from '../support/engines.js';
import { createJobsApp } from '../support/jobs-app.js';
import { startPrivatePostgres, whyNoPrivatePostgres } from '../support/private-postgres.js';
import { startPrivateRedis, whyNoPrivateRedis } from '../support/private-redis.js';

@Injectable()
class Work {
  @Job()
  run(value: number): number {
    return value;
  }
}

/** A store that one test owns and takes away. */
interface OwnStore {
  readonly url: string;
  lose(): Promise<void>;
  bring(): Promise<void>;
  stop(): Promise<void>;
}

/** How each engine's store is lost, and why that cannot be tried here, if so. */
const STORES: Record<EngineName, { whyNot?(): string | undefined; start(): Promise<OwnStore> }> = {
  redis: {
    whyNot: whyNoPrivateRedis,
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
  postgres: {
    whyNot: whyNoPrivatePostgres,
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
  sqlite: {
    start: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'nestjs-jobs-lost-'));
      const [file, away] = [join(folder, 'jobs.sqlite'), join(folder, 'away.sqlite')];
      return {
        url: `file:${file}`,
        lose: () => rename(file, away),
        bring: () => rename(away, file),
        stop: () => rm(folder, { recursive: true }),
      };
    },
  },
};

for (const [name, { whyNot, start }] of Object.entries(STORES)) {
  describeUnless(whyNot?.(), `a lost ${name}`, () => {
    it('bounds callers, tells health, and is recovered from by itself', async () => {
      const store = await start();
      onTestFinished(() => store.stop());
      const engine = {
        connection: store.url,
        reusedIsolation: () => ({ prefix: 'lost', schema: 'lost' }),
        cleanup: async () => undefined,
      };
      const { jobs, module } = await createJobsApp(engine, {
        providers: [Work],
        options: { enqueueTimeout: 300, shutdownTimeout: 100 },
      });
      const health = module.get(JobsHealth);
      expect(await (await jobs.enqueue(Work, (s) => s.run(1))).result()).toBe(1);

      await store.lose();
      const error = await jobs
        .enqueue(Work, (s) => s.run(2))
        .then(
          () => expect.unreachable('it was accepted'),
          (e: unknown) => e as Error,
        );
      expect([EnqueueUncertainError, StoreUnavailableError]).toContain(error.constructor);
      expect(await health.check({ timeout: 200 })).toMatchObject({ healthy: false });

      await store.bring();
      await expect.poll(() => health.check(), { timeout: 15_000 }).toMatchObject({ healthy: true });
      const handle = await jobs.enqueue(Work, (s) => s.run(3));
      expect(await handle.result({ timeout: 15_000 })).toBe(3);
    }, 40_000);
  });
}
