import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  ConnectionClosedError,
  FlowProducer,
  PostgresQueueBackend,
  Worker,
  type FlowJob,
  type JobsOptions,
  type Processor,
  type WorkerOptions,
} from 'bullmq';
import pg from 'pg';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { describeEngine, engineNamed } from '../../../../../test/support/engines.js';
import type { Engine } from '../../contracts/index.js';
import { resolveOptions } from '../../options/index.js';
import { createEngine, QueueRegistry } from '../index.js';
import { SharedPostgres } from './postgres-connection.js';

const fixture = engineNamed('postgres');

describeEngine(fixture, 'the PostgreSQL backend', () => {
  const names = fixture.isolation();
  const cleanups: (() => Promise<unknown>)[] = [];
  let queueName: string;

  beforeEach(() => {
    queueName = `q-${randomUUID()}`;
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    vi.useRealTimers();
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
    await fixture.cleanup(names);
  });

  async function open(): Promise<Engine> {
    // The name tells this test's connections from all others, so that it can cut them alone.
    const connection = { connectionString: fixture.url, application_name: names.schema };
    const engine = createEngine(resolveOptions({ connection, ...names }));
    await engine.connect();
    cleanups.push(() => engine.close());
    return engine;
  }

  function work(engine: Engine, processor: Processor, options: Partial<WorkerOptions> = {}) {
    const errors: Error[] = [];
    const worker = new Worker(
      queueName,
      processor,
      { ...engine.bullmqOptions, runRetryDelay: 300, ...options },
      engine.backendFactory as never,
    );
    worker.on('error', (error) => errors.push(error));
    cleanups.push(() => worker.close(true));
    return { worker, errors };
  }

  async function query<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: fixture.url });
    await client.connect();
    try {
      await client.query(`SET search_path TO ${names.schema}`);
      return (await client.query(text, values)).rows as Row[];
    } finally {
      await client.end();
    }
  }

  const cutConnections = (): Promise<unknown[]> =>
    query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
      names.schema,
    ]);

  it("stores many jobs as BullMQ's own statement does, rows and events", async () => {
    const engine = await open();
    const registry = new QueueRegistry(engine);
    const options = [
      { jobId: 'plain' },
      { jobId: 'delayed', delay: 60_000 },
      { jobId: 'first', lifo: true, priority: 0 },
      { jobId: 'prior', priority: 7, attempts: 3 },
      { jobId: 'plain' },
    ];
    const timestamp = 1_700_000_000_000;
    const storedBy = async (name: string) => {
      const jobs = options.map((o) => ({
        name: 'n',
        data: { id: o.jobId },
        opts: { ...o, timestamp },
      }));
      const ids = (await registry.get(name).addBulk(jobs)).map(({ id }) => id);
      const rows = await query(
        `SELECT id, name, state, data, opts, priority, delay_ms, max_attempts, added_at_ms, process_at_ms,
           row_number() OVER (ORDER BY seq) AS place FROM job WHERE queue = $1 ORDER BY id`,
        [name],
      );
      const events = await query('SELECT event, data FROM event WHERE queue = $1 ORDER BY id', [
        name,
      ]);
      return { ids, rows, events };
    };
    const ours = await storedBy('ours');
    vi.spyOn(
      Object.getPrototypeOf(registry.get('theirs').getBackend()),
      'addJobs',
    ).mockImplementation(function (this: PostgresQueueBackend, entries: never) {
      return PostgresQueueBackend.prototype.addJobs.call(this, entries);
    } as never);
    const theirs = await storedBy('theirs');
    expect(ours).toEqual(theirs);
    expect(ours.rows).toHaveLength(4);
  });

  it("stores flows as BullMQ's own statement does, rows, links and events", async () => {
    const engine = await open();
    const theirs = vi.fn<PostgresQueueBackend['addFlow']>(PostgresQueueBackend.prototype.addFlow);
    const storedBy = async (name: string) => {
      const backendOf = engine.backendFactory as never;
      const flows = new FlowProducer(engine.bullmqOptions, backendOf);
      cleanups.push(() => flows.close());
      const timestamp = 1_700_000_000_000;
      const node = (jobId: string, opts: JobsOptions = {}, children?: FlowJob[]): FlowJob => ({
        name: 'n',
        queueName: name,
        data: { jobId },
        opts: { jobId, timestamp, ...opts },
        ...(children && { children }),
      });
      await flows.add(
        node('root', { priority: 3 }, [
          node('plain', { ignoreDependencyOnFailure: true }),
          node('delayed', { delay: 60_000 }),
          node('first', { lifo: true, attempts: 3 }),
          node('inner', { delay: 500 }, [
            node('leaf'),
            { ...node('there'), queueName: `${name}-2` },
          ]),
        ]),
      );
      const both = [[name, `${name}-2`]];
      const plain = async (text: string) =>
        JSON.parse(JSON.stringify(await query(text, both)).replaceAll(name, 'queue')) as object[];
      return {
        rows: await plain(
          `SELECT queue, id, name, state, data, opts, priority, delay_ms, max_attempts, added_at_ms, process_at_ms,
             parent_queue, parent_id, parent_key, pending_deps, row_number() OVER (ORDER BY seq) AS place
           FROM job WHERE queue = ANY($1::text[]) ORDER BY id`,
        ),
        links: await plain(
          'SELECT * FROM job_dependency WHERE parent_queue = ANY($1::text[]) ORDER BY parent_id, child_key',
        ),
        events: await plain(
          'SELECT queue, event, data FROM event WHERE queue = ANY($1::text[]) ORDER BY id',
        ),
      };
    };
    const ours = await storedBy('ours');
    const probe = new QueueRegistry(engine).get('probe').getBackend();
    vi.spyOn(Object.getPrototypeOf(probe), 'addFlow').mockImplementation(theirs as never);
    expect(ours).toEqual(await storedBy('theirs'));
    expect(theirs).toHaveBeenCalledOnce();
    expect([ours.rows.length, ours.links.length]).toEqual([7, 6]);
  });

  it('records no finished job as failed while its connections are cut', async () => {
    const engine = await open();
    const queue = new QueueRegistry(engine).get(queueName);
    const total = 300;
    await queue.addBulk(
      Array.from({ length: total }, (_, i) => ({
        name: 'n',
        data: { i },
        opts: { jobId: `j${i}` },
      })),
    );
    let runs = 0;
    const { errors } = work(
      engine,
      async () => {
        runs += 1;
        await pause(5);
      },
      { concurrency: 10 },
    );
    let cutting = true;
    const cutter = (async () => {
      while (cutting) {
        await pause(60);
        await cutConnections();
      }
    })();
    try {
      await expect.poll(() => runs, { timeout: 15_000 }).toBeGreaterThanOrEqual(total / 2);
      await pause(300);
    } finally {
      cutting = false;
      await cutter;
    }
    await expect
      .poll(() => queue.getJobCounts('completed', 'failed', 'active', 'waiting'), {
        timeout: 15_000,
      })
      .toEqual({ completed: total, failed: 0, active: 0, waiting: 0 });
    expect(runs).toBe(total);
    expect(errors.map(({ message }) => message)).toEqual([]);
  });

  it('puts recovered jobs in front of those that wait, in their old order', async () => {
    const engine = await open();
    const queue = new QueueRegistry(engine).get(queueName);
    const add = (jobId: string, priority?: number) =>
      queue.add('n', {}, { jobId, ...(priority !== undefined && { priority }) });
    await add('one');
    await add('two');
    await add('three');
    await add('urgent', 1);
    await add('less', 5);
    const { worker: dead } = work(engine, async () => undefined, {
      autorun: false,
      lockDuration: 1,
    });
    for (let i = 0; i < 5; i += 1) {
      await dead.getNextJob(`t${i}`, { block: false });
      await pause(3);
    }
    expect(await queue.getActiveCount()).toBe(5);
    await add('later');
    await add('later urgent', 1);
    await add('later less', 5);
    const backend = (dead as unknown as { backend: { moveStalledJobsToWait(): Promise<string[]> } })
      .backend;
    const recover = async (): Promise<string[]> => {
      await query("DELETE FROM meta WHERE field = 'stalled-check'");
      return backend.moveStalledJobsToWait();
    };
    await recover();
    expect(await recover()).toHaveLength(5);
    const order: string[] = [];
    work(engine, async ({ id }) => order.push(id!));
    await expect.poll(() => order, { timeout: 5_000 }).toHaveLength(8);
    expect(order.slice(0, 4)).toEqual(['one', 'two', 'three', 'later']);
    expect(order.slice(4)).toEqual(['urgent', 'later urgent', 'less', 'later less']);
  });

  it('claims once a second while claiming fails for good, and ends at once', async () => {
    const engine = await open();
    await query('ALTER FUNCTION move_to_active RENAME TO gone');
    const started = performance.now();
    const { worker, errors } = work(engine, async () => undefined);
    await expect.poll(() => errors.length, { timeout: 5_000 }).toBeGreaterThan(1);
    expect(errors.length).toBeLessThanOrEqual((performance.now() - started) / 1_000 + 1);
    expect(errors[0]?.message).toMatch(/move_to_active.* does not exist/);
    // Now it pauses again.
    await pause(100);
    const closing = performance.now();
    await worker.close();
    expect(performance.now() - closing).toBeLessThan(500);
  });

  it.each(['before', 'after'])(
    'stores an end once when the connection breaks %s it took effect',
    async (when) => {
      const engine = await open();
      const queue = new QueueRegistry(engine).get(queueName);
      const breakOnce = new Set(['move_to_completed_fetch', 'move_to_failed_fetch']);
      const original = SharedPostgres.prototype.query;
      vi.spyOn(SharedPostgres.prototype, 'query').mockImplementation(async function (
        this: SharedPostgres,
        ...args
      ) {
        const found = [...breakOnce].find((command) => args[0].includes(command));
        if (found === undefined) return original.apply(this, args);
        breakOnce.delete(found);
        if (when === 'after') await original.apply(this, args);
        throw new ConnectionClosedError('cut');
      });
      const seen: string[] = [];
      const { worker, errors } = work(engine, async ({ name }) => {
        seen.push(name);
        if (name === 'bad') throw new Error('as expected');
        return name;
      });
      const ended: string[] = [];
      worker.on('completed', ({ name }) => ended.push(`${name} completed`));
      worker.on('failed', (job) => ended.push(`${job?.name} failed`));
      await queue.addBulk([
        { name: 'good', data: {} },
        { name: 'bad', data: {} },
        { name: 'last', data: {} },
      ]);
      // The next job, claimed along with an end whose answer was lost, is run and not left behind.
      await expect.poll(() => ended, { timeout: 5_000 }).toHaveLength(3);
      expect(seen).toEqual(['good', 'bad', 'last']);
      expect(ended).toEqual(['good completed', 'bad failed', 'last completed']);
      expect(errors).toEqual([]);
      expect(breakOnce.size).toBe(0);
      expect(await queue.getJobCounts('completed', 'failed', 'active')).toEqual({
        completed: 2,
        failed: 1,
        active: 0,
      });
    },
  );

  it('runs a job whose claim was made when the connection broke', async () => {
    const engine = await open();
    const queue = new QueueRegistry(engine).get(queueName);
    const original = SharedPostgres.prototype.query;
    let broken = false;
    vi.spyOn(SharedPostgres.prototype, 'query').mockImplementation(async function (
      this: SharedPostgres,
      ...args
    ) {
      const result = (await original.apply(this, args)) as never;
      if (broken || !args[0].includes('move_to_active(')) return result;
      broken = true;
      throw new ConnectionClosedError('cut');
    });
    await queue.add('n', {});
    const seen: unknown[] = [];
    work(engine, async (job) => seen.push(job.attemptsStarted));
    await expect.poll(() => seen, { timeout: 5_000 }).toEqual([1]);
    await expect.poll(() => queue.getCompletedCount()).toBe(1);
  });

  it('stores a retry once when the connection breaks after it took effect', async () => {
    const engine = await open();
    const queue = new QueueRegistry(engine).get(queueName);
    const original = SharedPostgres.prototype.query;
    const breakOnce = new Set(['move_to_delayed', 'retry_job']);
    vi.spyOn(SharedPostgres.prototype, 'query').mockImplementation(async function (
      this: SharedPostgres,
      ...args
    ) {
      const result = (await original.apply(this, args)) as never;
      const found = [...breakOnce].find((command) => args[0].includes(`${command}(`));
      if (found === undefined) return result;
      breakOnce.delete(found);
      throw new ConnectionClosedError('cut');
    });
    const runs: string[] = [];
    const { errors } = work(engine, async (job) => {
      runs.push(`${job.name} ${job.attemptsMade}`);
      if (job.attemptsMade === 0) throw new Error('first');
    });
    await queue.add('soon', {}, { attempts: 2 });
    await queue.add('later', {}, { attempts: 2, backoff: 100 });
    await expect.poll(() => queue.getCompletedCount(), { timeout: 5_000 }).toBe(2);
    expect(runs.toSorted()).toEqual(['later 0', 'later 1', 'soon 0', 'soon 1']);
    expect(errors).toEqual([]);
    expect(breakOnce.size).toBe(0);
  });

  it('takes over no job of a healthy worker when its own clock is ahead', async () => {
    const engine = await open();
    const queue = new QueueRegistry(engine).get(queueName);
    let runs = 0;
    const lock = { lockDuration: 3_000, stalledInterval: 100, drainDelay: 0.1 };
    work(
      engine,
      async () => {
        runs += 1;
        await pause(2_500);
      },
      lock,
    );
    await queue.add('n', {});
    await expect.poll(() => runs).toBe(1);

    for (const skew of [60_000, -3_600_000]) {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + skew });
      const skewed = await open();
      const other = work(
        skewed,
        async () => {
          runs += 1;
        },
        lock,
      );
      await pause(600);
      await other.worker.close();
    }
    vi.useRealTimers();
    expect(runs).toBe(1);
    await expect.poll(() => queue.getCompletedCount(), { timeout: 5_000 }).toBe(1);
    expect((await queue.getCompleted())[0]?.stalledCounter).toBe(0);
  });

  it.each([60_000, -60_000])('works with a clock that is %i ms off', async (skew) => {
    const realNow = Date.now();
    vi.useFakeTimers({ toFake: ['Date'], now: realNow + skew });
    const clock = setInterval(() => vi.setSystemTime(Date.now() + 20), 20);
    cleanups.push(async () => clearInterval(clock));
    const engine = await open();
    const queue = new QueueRegistry(engine).get(queueName);
    const runs: string[] = [];
    const { errors } = work(
      engine,
      async ({ name }) => {
        runs.push(name);
        if (name === 'long') await pause(2_500);
      },
      { lockDuration: 2_000, stalledInterval: 200, concurrency: 2 },
    );
    const started = performance.now();
    await queue.addBulk([
      { name: 'delayed', data: {}, opts: { delay: 700 } },
      { name: 'long', data: {} },
    ]);
    await queue.add('single', {}, { delay: 600 });
    const queries = vi.spyOn(SharedPostgres.prototype, 'query');
    await expect.poll(() => runs.toSorted()).toEqual(['delayed', 'long', 'single']);
    expect(performance.now() - started).toBeGreaterThan(500);
    expect(performance.now() - started).toBeLessThan(1_500);
    // Waiting for a job that is due later costs no busy loop.
    expect(queries.mock.calls.length).toBeLessThan(60);
    await expect.poll(() => queue.getCompletedCount(), { timeout: 5_000 }).toBe(3);
    expect(errors).toEqual([]);
    expect(runs).toHaveLength(3);
    const [row] = await query<{ finished: string }>(
      'SELECT finished_at_ms AS finished FROM job WHERE queue = $1 ORDER BY finished_at_ms LIMIT 1',
      [queueName],
    );
    expect(Math.abs(Number(row?.finished) - realNow)).toBeLessThan(10_000);
  });

  it('refuses the late end of a worker that slept past its lock', async () => {
    const engine = await open();
    const queue = new QueueRegistry(engine).get(queueName);
    const { worker, errors } = work(
      engine,
      async ({ name, id }) => {
        // What a stopped process looks like to the store.
        await query('UPDATE job SET locked_until_ms = 1 WHERE queue = $1 AND id = $2', [
          queueName,
          id,
        ]);
        if (name === 'bad') throw new Error('late');
      },
      { stalledInterval: 60_000, skipLockRenewal: true },
    );
    const ended: string[] = [];
    worker.on('completed', () => ended.push('completed'));
    worker.on('failed', () => ended.push('failed'));
    await queue.add('good', {});
    await queue.add('bad', {});
    await queue.add('bad', {}, { attempts: 3, backoff: 10 });
    // One job may meet several.
    const idsOf = ({ message }: Error) => /for job (\S+)\./.exec(message)?.[1] ?? [];
    const refused = () => new Set(errors.flatMap(idsOf));
    await expect.poll(() => refused().size, { timeout: 5_000 }).toBe(3);
    expect(ended).toEqual([]);
    expect(await queue.getJobCounts('active', 'completed', 'failed', 'delayed')).toEqual({
      active: 3,
      completed: 0,
      failed: 0,
      delayed: 0,
    });
    const [job] = await queue.getActive();
    const [{ token }] = (await query<{ token: string }>(
      'SELECT lock_token AS token FROM job WHERE queue = $1 AND id = $2',
      [queueName, job?.id],
    )) as [{ token: string }];
    const backend = worker.getBackend();
    expect(await backend.extendLock(job!.id!, token, 1_000)).toBe(0);
    // As the renewal of what this process still runs: nobody has taken the job meanwhile.
    expect(await backend.extendLocks([job!.id!], [token], 1_000)).toEqual([]);
  });

  it('stores what a handler produced whatever characters are in it', async () => {
    const engine = await open();
    const queue = new QueueRegistry(engine).get(queueName);
    const odd = 'a\0b \ud800 c \\u0000 \u{1F600}';
    work(engine, async (job) => {
      await job.log(odd);
      await job.updateProgress({ odd });
      if (job.name === 'bad') throw new Error(odd);
      return odd;
    });
    await queue.add('good', {}, { jobId: 'good' });
    await queue.add('bad', {}, { jobId: 'bad' });
    await queue.add('bad', {}, { jobId: 'delayed', attempts: 2, backoff: 60_000 });
    const stored = 'a\uFFFDb \uFFFD c \\u0000 \u{1F600}';
    await expect.poll(() => queue.getDelayedCount(), { timeout: 5_000 }).toBe(1);
    const good = await queue.getJob('good');
    expect(good?.returnvalue).toBe(stored);
    expect(good?.progress).toEqual({ odd: stored });
    expect((await queue.getJobLogs('good')).logs).toEqual([stored]);
    const bad = await queue.getJob('bad');
    expect(bad?.failedReason).toBe(stored);
    expect(bad?.stacktrace?.[0]).toContain(stored);
    expect((await queue.getJob('delayed'))?.failedReason).toBe(stored);
  });

  it('trims events, and has no deprecated priority key', async () => {
    const queue = new QueueRegistry(await open()).get(queueName);
    await queue.addBulk(Array.from({ length: 10 }, () => ({ name: 'n', data: {} })));
    expect(await queue.trimEvents(5)).toBe(15);
    expect(await queue.removeDeprecatedPriorityKey()).toBe(0);
    expect(await query('SELECT id FROM event WHERE queue = $1', [queueName])).toHaveLength(5);
  });

  it('lists the workers of the fleet, with one LISTEN connection for a process', async () => {
    const engine = await open();
    const queue = new QueueRegistry(engine).get(queueName);
    const { worker } = work(engine, async () => undefined);
    const named = work(engine, async () => undefined, { name: 'second' });
    await Promise.all([worker.waitUntilReady(), named.worker.waitUntilReady()]);
    expect((await queue.getWorkers()).map(({ rawname }) => `${rawname}`).toSorted()).toEqual([
      queueName,
      `${queueName}:w:second`,
    ]);
    await named.worker.close();
    await expect.poll(() => queue.getWorkersCount()).toBe(1);
    await expect
      .poll(() =>
        query(
          `SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND query LIKE 'LISTEN%'`,
          [names.schema],
        ),
      )
      .toHaveLength(1);
  });

  it('hears of new jobs and messages again after its LISTEN connection was cut', async () => {
    const engine = await open();
    const queue = new QueueRegistry(engine).get(queueName);
    const heard: string[] = [];
    await engine.store.subscribe('c', (message) => heard.push(message));
    const { worker } = work(engine, async () => undefined, { drainDelay: 30 });
    await worker.waitUntilReady();
    await pause(200);
    await cutConnections();
    await expect.poll(() => engine.store.connected).toBe(false);
    await expect.poll(() => engine.store.connected, { timeout: 5_000 }).toBe(true);
    await engine.store.publish('c', 'hello');
    await queue.add('n', {});
    await expect.poll(() => heard).toEqual(['hello']);
    await expect.poll(() => queue.getCompletedCount(), { timeout: 2_000 }).toBe(1);
  });
});
