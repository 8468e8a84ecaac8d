import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Cluster, Redis } from 'ioredis';
import { Job, JobFailedError, type JobHandle, type JobScheduler } from 'nestjs-jobs';
import { afterEach, expect, it, vi } from 'vitest';
import { describeUnless } from '../../support/describe-unless.js';
import { createJobsApp, type JobsAppEngine } from '../../support/jobs-app.js';
import { startPrivateCluster, startPrivateSentinel } from '../../support/private-redis-groups.js';
import { startPrivateRedis, whyNoPrivateRedis } from '../../support/servers.js';

@Injectable()
class Work {
  static readonly runs = new Map<number, number>();

  @Job({ attempts: 1 })
  async run(index: number): Promise<number> {
    Work.runs.set(index, (Work.runs.get(index) ?? 0) + 1);
    await delay(20);
    return index;
  }
}

/**
 * Enqueues without a pause until told to stop, so that some jobs are being finished at each moment.
 */
class Producer {
  readonly handles: JobHandle<number>[] = [];
  readonly rejections: unknown[] = [];
  private readonly ending = new AbortController();
  private readonly over: Promise<unknown>;

  constructor(private readonly jobs: JobScheduler) {
    this.over = Promise.all([this.enqueue(0), this.enqueue(1), this.enqueue(2)]);
  }

  private async enqueue(first: number): Promise<void> {
    for (let index = first; !this.ending.signal.aborted; index += 3) {
      try {
        this.handles.push(await this.jobs.enqueue(Work, (s) => s.run(index)));
      } catch (error) {
        this.rejections.push(error);
      }
      await delay(5);
    }
  }

  async until(count: number): Promise<void> {
    await expect.poll(() => this.handles.length, { timeout: 30_000 }).toBeGreaterThan(count);
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.over;
  }

  /** How the jobs ended. */
  async outcomes(): Promise<{ failed: string[]; missing: string[] }> {
    const failed: string[] = [];
    const missing: string[] = [];
    for (const handle of this.handles) {
      await handle.result({ timeout: '60 s' }).catch((error: Error) => {
        (error instanceof JobFailedError ? failed : missing).push(error.message);
      });
    }
    return { failed, missing };
  }
}

describeUnless(whyNoPrivateRedis(), 'Redis that changes hands', () => {
  const cleanups: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    vi.restoreAllMocks();
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function boot(connection: JobsAppEngine['connection']): Promise<JobScheduler> {
    vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    Work.runs.clear();
    const store = {
      connection,
      reusedIsolation: () => ({ prefix: 'jobs', schema: 'jobs' }),
      cleanup: async () => undefined,
    };
    const options = { enqueueTimeout: '30 s', lock: { duration: '20 s' } } as const;
    const app = await createJobsApp(store, { providers: [Work], options });
    cleanups.push(() => app.close());
    return app.jobs;
  }

  it('a Cluster whose primary is killed: no success is a failure, and no caller is turned away', async () => {
    const servers = await startPrivateCluster(5_000);
    cleanups.push(() => servers.stop());
    const cluster = new Cluster([...servers.nodes]);
    cluster.on('error', () => undefined);
    cleanups.push(async () => cluster.disconnect());
    const jobs = await boot(cluster);
    const victim = await jobs.schedule(Work, (s) => s.run(-1), { delay: '1 h' });
    const producer = new Producer(jobs);
    await producer.until(150);
    await servers.primary.kill();
    const before = producer.handles.length;
    const cancelled = jobs.cancel(victim);
    await producer.until(before + 100);
    expect(await cancelled).toBe(true);
    await producer.stop();
    expect(producer.rejections).toEqual([]);
    expect(await producer.outcomes()).toEqual({ failed: [], missing: [] });
  }, 120_000);

  it('a login that is refused for some seconds: as a server that is away', async () => {
    const server = await startPrivateRedis();
    cleanups.push(() => server.stop());
    const admin = new Redis(server.url);
    cleanups.push(async () => admin.disconnect());
    await admin.config('SET', 'requirepass', 'right');
    const jobs = await boot(`redis://:right@127.0.0.1:${server.port}`);
    const producer = new Producer(jobs);
    await producer.until(150);
    await admin.config('SET', 'requirepass', 'wrong');
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    const before = producer.handles.length;
    await delay(3_000);
    await admin.config('SET', 'requirepass', 'right');
    await producer.until(before + 100);
    await producer.stop();
    expect(producer.rejections).toEqual([]);
    expect(await producer.outcomes()).toEqual({ failed: [], missing: [] });
  }, 120_000);

  it('a planned failover by Sentinel: nothing is written to the old primary for long', async () => {
    const sentinel = await startPrivateSentinel();
    cleanups.push(() => sentinel.stop());
    const jobs = await boot({
      sentinels: [{ host: sentinel.host, port: sentinel.port }],
      name: sentinel.name,
    });
    const producer = new Producer(jobs);
    await producer.until(100);
    const newPrimary = new Redis(sentinel.replica.url);
    cleanups.push(async () => newPrimary.disconnect());
    await sentinel.failOver();
    const started = performance.now();
    // A job of ours on the new primary that was stored after it had taken over.
    await expect
      .poll(async () => (await newPrimary.client('LIST')) as string, {
        timeout: 20_000,
        interval: 20,
      })
      .toMatch(/cmd=evalsha/);
    expect(performance.now() - started).toBeLessThan(5_000);
    await producer.until(producer.handles.length + 50);
    await producer.stop();
    expect(producer.rejections).toEqual([]);
    // What the old primary took in between is gone with it: Redis promises no more.
    expect((await producer.outcomes()).failed).toEqual([]);
  }, 120_000);
});
