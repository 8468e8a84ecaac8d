import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  FlowProducer,
  RedisQueueBackend,
  Worker,
  type Processor,
  type WorkerOptions,
} from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { describeEngine, engineNamed } from '../../../../../test/support/engines.js';
import type { Engine } from '../../contracts/index.js';
import { resolveOptions } from '../../options/index.js';
import { createEngine, damageOf, QueueRegistry, SafeJob } from '../index.js';

const fixture = engineNamed('redis');

class OwnWorker extends Worker {
  override get Job(): typeof SafeJob {
    return SafeJob;
  }
}

describeEngine(fixture, 'the Redis backend', () => {
  const names = fixture.isolation();
  const cleanups: (() => Promise<unknown>)[] = [];
  let queueName: string;
  let redis: Redis;

  beforeEach(() => {
    queueName = `q-${randomUUID()}`;
    redis = new Redis(fixture.url);
  });

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
    redis.disconnect();
    await fixture.cleanup(names);
  });

  async function open(): Promise<Engine> {
    const { hostname, port } = new URL(fixture.url);
    const connection = { host: hostname, port: Number(port), connectionName: names.prefix };
    const engine = createEngine(resolveOptions({ connection, ...names }));
    await engine.connect();
    cleanups.push(() => engine.close());
    return engine;
  }

  function work(
    engine: Engine,
    processor: Processor,
    options: Partial<WorkerOptions> = {},
    WorkerClass: typeof Worker = OwnWorker,
  ) {
    const errors: Error[] = [];
    const worker = new WorkerClass(
      queueName,
      processor,
      { ...engine.bullmqOptions, runRetryDelay: 300, ...options },
      engine.backendFactory as never,
    );
    worker.on('error', (error) => errors.push(error));
    cleanups.push(() => worker.close(true));
    return { worker, errors };
  }

  const key = (id: string): string => `${names.prefix}:${queueName}:${id}`;

  /** One healthy job before and after each kind of damage. */
  async function addDamagedJobs(engine: Engine): Promise<void> {
    const queue = new QueueRegistry(engine).get(queueName);
    const ids = [
      'ok-1',
      'opts',
      'null-opts',
      'progress',
      'data',
      'ok-2',
      'name',
      'string',
      'ghost',
    ];
    await queue.addBulk(
      [...ids, 'ok-3'].map((jobId) => ({ name: 'n', data: { jobId }, opts: { jobId } })),
    );
    await redis.hset(key('opts'), 'opts', '{"attempts":');
    await redis.hset(key('null-opts'), 'opts', 'null');
    await redis.hset(key('progress'), 'progress', '{');
    await redis.hset(key('data'), 'data', '{"args":');
    await redis.hdel(key('name'), 'name');
    await redis.set(key('string'), 'a string', 'KEEPTTL');
    await redis.del(key('ghost'));
  }

  it('leaves no connection behind for a worker that outlives the engine', async () => {
    const engine = await open();
    const { worker, errors } = work(engine, async () => undefined);
    const name = `${names.prefix}:${Buffer.from(queueName).toString('base64')}`;
    const connections = async (): Promise<number> =>
      String(await redis.client('LIST')).split(`name=${name} `).length - 1;
    await worker.waitUntilReady();
    await expect.poll(connections).toBe(1);
    await engine.close();
    await expect.poll(connections).toBe(0);
    // BullMQ's worker would have connected again by now.
    await pause(200);
    expect(await connections()).toBe(0);
    expect(errors).toEqual([]);
  });

  it('claims once a second while claiming fails for good, and ends at once', async () => {
    const engine = await open();
    const started = performance.now();
    await redis.set(key('wait'), 'no list');
    const { worker, errors } = work(engine, async () => undefined);
    await expect.poll(() => errors.length, { timeout: 5_000 }).toBeGreaterThan(1);
    expect(errors.length).toBeLessThanOrEqual((performance.now() - started) / 1_000 + 1);
    expect(errors.map(({ message }) => message)).toContainEqual(expect.stringMatching(/WRONGTYPE/));
    // Now it pauses again.
    await pause(100);
    const closing = performance.now();
    await worker.close();
    expect(performance.now() - closing).toBeLessThan(500);
  });

  it('fails each damaged job alone, unseen by workers that are not ours', async () => {
    const engine = await open();
    await addDamagedJobs(engine);
    const seen: string[] = [];
    const worker = work(engine, async ({ id }) => seen.push(id!), {}, Worker);
    const queue = new QueueRegistry(engine).get(queueName);
    await expect
      .poll(() => queue.getCompletedCount(), { timeout: 5_000 })
      .toBeGreaterThanOrEqual(3);
    await expect.poll(() => seen).toContain('ok-3');
    const failed = await queue.getFailed();
    expect(failed.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['null-opts', 'opts', 'progress', 'string']),
    );
    expect(failed.find(({ id }) => id === 'opts')?.failedReason).toMatch(
      /The stored data of job "n" \(id opts\) in queue ".*" cannot be read: opts: /,
    );
    // What was there is kept for whoever looks into it.
    expect(await redis.hget(key('opts'), 'damaged:opts')).toBe('{"attempts":');
    expect(await redis.hget(key('opts'), 'data')).toBe('{"jobId":"opts"}');
    expect(await redis.get(key('string:damaged'))).toBe('a string');
    await worker.worker.close();
  });

  it('hands damaged jobs to our workers with the reason', async () => {
    const engine = await open();
    await addDamagedJobs(engine);
    const damage: Record<string, string | undefined> = {};
    const { errors } = work(engine, async (job) => {
      damage[job.id!] = damageOf(job);
      if (damageOf(job) !== undefined) throw new Error('damaged');
    });
    const queue = new QueueRegistry(engine).get(queueName);
    await expect
      .poll(() => queue.getJobCounts('completed', 'failed', 'active', 'wait'), { timeout: 5_000 })
      .toEqual({ completed: 3, failed: 7, active: 0, wait: 0 });
    expect(damage).toEqual({
      'ok-1': undefined,
      'ok-2': undefined,
      'ok-3': undefined,
      opts: expect.stringMatching(/^opts: /),
      'null-opts': 'opts: not an object',
      progress: expect.stringMatching(/^progress: /),
      data: expect.stringMatching(/^its data: /),
      name: 'it has no name',
      string: 'its name is missing',
      ghost: 'it has no name',
    });
    expect(errors).toEqual([]);
  });

  it('lists damaged jobs like any others', async () => {
    const engine = await open();
    await addDamagedJobs(engine);
    const queue = new QueueRegistry(engine).get(queueName);
    const jobs = await queue.getJobs(['waiting']);
    const damage = Object.fromEntries(jobs.map((job) => [job.id, damageOf(job) !== undefined]));
    expect(damage).toMatchObject({
      'ok-1': false,
      'ok-2': false,
      'ok-3': false,
      opts: true,
      'null-opts': true,
      progress: true,
      data: true,
    });
    expect(damageOf((await queue.getJob('data'))!)).toMatch(/JSON/);
    // Reading changes nothing.
    expect(await redis.hget(key('opts'), 'opts')).toBe('{"attempts":');
  });

  it('lets a parent learn of a child whose link to it is damaged', async () => {
    const engine = await open();
    const queue = new QueueRegistry(engine).get(queueName);
    const flows = new FlowProducer(engine.bullmqOptions, engine.backendFactory as never);
    await flows.add({
      name: 'parent',
      queueName,
      opts: { jobId: 'parent' },
      children: [
        { name: 'child', queueName, opts: { jobId: 'child', ignoreDependencyOnFailure: true } },
      ],
    });
    await redis.hset(key('child'), 'parent', '{"id":');
    work(engine, async (job) => {
      if (damageOf(job) !== undefined) throw new Error('damaged');
    });
    await expect
      .poll(() => queue.getJobCounts('completed', 'failed'), { timeout: 5_000 })
      .toEqual({ completed: 1, failed: 1 });
    expect(await (await queue.getJob('parent'))?.getIgnoredChildrenFailures()).toEqual({
      [key('child')]: 'damaged',
    });
  });

  it('loses and repeats nothing while its connections are cut', async () => {
    const engine = await open();
    const queue = new QueueRegistry(engine).get(queueName);
    const total = 600;
    await queue.addBulk(Array.from({ length: total }, (_, i) => ({ name: 'n', data: { i } })));
    const runs = new Map<string, number>();
    const { errors } = work(
      engine,
      async ({ id }) => {
        runs.set(id!, (runs.get(id!) ?? 0) + 1);
        await pause(2);
      },
      { concurrency: 20 },
    );
    let cutting = true;
    const cutter = (async () => {
      while (cutting) {
        await pause(30);
        const clients = String(await redis.client('LIST')).split('\n');
        for (const client of clients) {
          const id = /^id=(\d+)/.exec(client)?.[1];
          if (id !== undefined && client.includes(` name=${names.prefix} `)) {
            await redis.client('KILL', 'ID', id).catch(() => undefined);
          }
        }
      }
    })();
    await expect.poll(() => runs.size, { timeout: 15_000 }).toBeGreaterThanOrEqual(total / 2);
    cutting = false;
    await cutter;
    await expect
      .poll(() => queue.getJobCounts('completed', 'failed', 'active', 'wait'), { timeout: 10_000 })
      .toEqual({ completed: total, failed: 0, active: 0, wait: 0 });
    expect([...runs.values()].filter((count) => count > 1)).toEqual([]);
    expect(errors.filter(({ message }) => /lock|not in the active/i.test(message))).toEqual([]);
  });

  it('uses one connection for queues and two for a worker', async () => {
    const engine = await open();
    const registry = new QueueRegistry(engine);
    const { worker } = work(engine, async () => undefined);
    await worker.waitUntilReady();
    await Promise.all(['a', 'b', 'c'].map((name) => registry.get(name).waitUntilReady()));
    const clients = String(await redis.client('LIST')).split('\n');
    const own = clients.filter((client) => client.includes(` name=${names.prefix}`));
    expect(own).toHaveLength(2);
    expect((await registry.get(queueName).getWorkers()).length).toBe(1);
    await worker.close();
    // Closing the hard way, as some do at shutdown, cuts off nobody else.
    await registry.get('a').disconnect();
    await registry.get('b').add('n', {});
  });

  it.each([60_000, -60_000])('works with a clock that is %i ms off', async (skew) => {
    const realNow = Date.now();
    vi.useFakeTimers({ toFake: ['Date'], now: realNow + skew, shouldAdvanceTime: true });
    cleanups.push(async () => void vi.useRealTimers());
    const engine = await open();
    const queue = new QueueRegistry(engine).get(queueName);
    const runs: string[] = [];
    let claimedAt = 0;
    const { errors } = work(engine, async ({ name, attemptsMade, processedOn }) => {
      runs.push(`${name} ${attemptsMade}`);
      claimedAt = Math.max(claimedAt, processedOn! - Date.now());
      if (name === 'failing' && attemptsMade === 0) throw new Error('once more');
    });
    const started = performance.now();
    const again = { attempts: 2, backoff: { type: 'fixed', delay: 700 } };
    await queue.addBulk([
      { name: 'processedOn', data: {}, opts: { delay: 600 } },
      { name: 'failing', data: {}, opts: again },
    ]);
    const put = await queue.add('later', {}, { delay: 60_000 });
    await put.changeDelay(650);
    const commands = vi.spyOn(RedisQueueBackend.prototype, 'execCommand');
    cleanups.push(async () => commands.mockRestore());
    await expect.poll(() => runs).toEqual(['failing 0', 'processedOn 0', 'later 0', 'failing 1']);
    expect(performance.now() - started).toBeGreaterThan(600);
    expect(performance.now() - started).toBeLessThan(1_800);
    // Waiting for a job that is due later costs no busy loop.
    expect(commands.mock.calls.length).toBeLessThan(40);
    expect(claimedAt).toBeLessThan(1_000);
    await expect.poll(() => queue.getCompletedCount()).toBe(3);
    expect(errors).toEqual([]);
    for (const { id } of await queue.getCompleted()) {
      const times = await redis.hmget(key(id!), 'timestamp', 'processedOn', 'finishedOn');
      for (const time of times) expect(Math.abs(Number(time) - realNow)).toBeLessThan(10_000);
    }
  });

  it('lets others have a turn while it makes the commands of a large flow', async () => {
    const engine = await open();
    const backend = new QueueRegistry(engine).get(queueName).getBackend();
    const child = { name: 'n', queueName, data: {} };
    const flows = new FlowProducer(engine.bullmqOptions, engine.backendFactory as never);
    cleanups.push(() => flows.close());
    let turns = 0;
    let turnsBeforeSent = 0;
    const { addJobToTransaction } = RedisQueueBackend.prototype;
    const added = vi
      .spyOn(RedisQueueBackend.prototype, 'addJobToTransaction')
      .mockImplementation(function (this: RedisQueueBackend, ...args) {
        turnsBeforeSent = turns;
        return addJobToTransaction.apply(this, args);
      });
    cleanups.push(async () => added.mockRestore());
    const count = (): void => {
      turns += 1;
      turn = setImmediate(count);
    };
    let turn = setImmediate(count);
    const children = Array.from({ length: 2_000 }, () => child);
    await flows.add({ name: 'parent', queueName, children });
    clearImmediate(turn);
    expect(turnsBeforeSent).toBeGreaterThanOrEqual(9);
    expect(await backend.getCounts(['wait', 'waiting-children'])).toEqual([2_000, 1]);
  });
});
