import { Injectable, Logger } from '@nestjs/common';
import { PostgresQueueBackend, RedisQueueBackend } from 'bullmq';
import { SqliteQueueBackend } from 'bullmq-sqlite';
import { Job, JobContext, JobFailedError } from 'nestjs-jobs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeEngines, type EngineName } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

/**
 * Below everything that is ours: what the store, its driver or BullMQ may answer to the end of a
 * job.
 */
const BACKENDS = {
  redis: RedisQueueBackend,
  postgres: PostgresQueueBackend,
  sqlite: SqliteQueueBackend,
} satisfies Record<EngineName, unknown>;

type Settlement = 'moveToCompleted' | 'moveToFailed' | 'moveToDelayed' | 'retryJob';

/** Answers that say nothing of the job, whatever their words are. */
const HOSTILE: readonly (readonly [title: string, answer: unknown])[] = [
  [
    'a login that is refused',
    reply('WRONGPASS invalid username-password pair or user is disabled.'),
  ],
  [
    'a right that is missing',
    reply("NOPERM this user has no permissions to run the 'evalsha' command"),
  ],
  [
    'a Cluster in a failover',
    new Error(
      'Too many Cluster redirections. Last error: ReplyError: CLUSTERDOWN Hash slot not served',
    ),
  ],
  [
    'a Cluster that is gone',
    Object.assign(new Error('None left'), { name: 'ClusterAllFailedError' }),
  ],
  [
    'a serialization failure',
    coded('could not serialize access due to concurrent update', '40001'),
  ],
  ['a right that was withdrawn', coded('permission denied for table job', '42501')],
  ['a disk without room', coded('could not extend file: No space left on device', '53100')],
  ['an aborted transaction', reply('EXECABORT Transaction discarded because of previous errors.')],
  ['a closed connection', new Error('Connection is closed.')],
  ['a fault of the driver', new RangeError('Maximum call stack size exceeded')],
  ['an error of its own class', new (class Odd extends Error {})('never heard of')],
  ['no error at all', 'just text'],
  ['nothing', undefined],
];

@Injectable()
class Work {
  static runs = 0;
  static started = signal();
  static mayEnd = signal();

  constructor(private readonly context: JobContext) {}

  @Job({ attempts: 3, backoff: { type: 'fixed', delay: 1, jitter: 0 } })
  succeed(): string {
    Work.runs += 1;
    return 'done';
  }

  @Job({ attempts: 1 })
  fail(): void {
    Work.runs += 1;
    throw new Error('of its own');
  }

  @Job({ attempts: 2, backoff: { type: 'fixed', delay: 20, jitter: 0 } })
  failOnceAndWait(): number {
    return this.failOnce();
  }

  @Job({ attempts: 2, backoff: { type: 'fixed', delay: 0, jitter: 0 } })
  failOnce(): number {
    Work.runs += 1;
    if (this.context.attempt === 1) throw new Error('the first time');
    return this.context.attempt;
  }

  @Job({ attempts: 3 })
  async hold(): Promise<string> {
    Work.runs += 1;
    Work.started.resolve();
    await Work.mayEnd.promise;
    return 'held';
  }
}

describeEngines('what the store answers to the end of a job', (engine) => {
  beforeEach(() => {
    Work.runs = 0;
    Work.started = signal();
    Work.mayEnd = signal();
    vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  });
  afterEach(() => void vi.restoreAllMocks());

  /** Has the next settlements of that kind rejected, each before anything was done, or after. */
  function refuse(
    settlement: Settlement,
    answer: unknown,
    times: number,
    when: 'before' | 'after' = 'before',
  ): () => number {
    const prototype = BACKENDS[engine.name].prototype as unknown as Record<
      Settlement,
      (...args: unknown[]) => Promise<unknown>
    >;
    const original = prototype[settlement];
    let calls = 0;
    vi.spyOn(prototype, settlement).mockImplementation(async function (this: unknown, ...args) {
      calls += 1;
      const isRefused = calls <= times;
      if (isRefused && when === 'before') throw answer;
      const result = await original.apply(this, args);
      if (isRefused) throw answer;
      return result;
    });
    return () => calls;
  }

  const boot = () => createJobsApp(engine, { providers: [Work] });

  describe.each(HOSTILE)('%s', (_title, answer) => {
    it('never makes a success a failure', async () => {
      const { jobs } = await boot();
      const calls = refuse('moveToCompleted', answer, 2);
      const handle = await jobs.enqueue(Work, (s) => s.succeed());
      expect(await handle.result()).toBe('done');
      expect(await handle.state()).toBe('completed');
      expect([Work.runs, calls()]).toEqual([1, 3]);
    });
  });

  it('keeps a failure as the handler threw it', async () => {
    const { jobs } = await boot();
    refuse('moveToFailed', new Error('not now'), 2);
    const handle = await jobs.enqueue(Work, (s) => s.fail());
    const failure = await handle.result().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(JobFailedError);
    expect((failure as JobFailedError).message).toContain('of its own');
    expect((failure as JobFailedError).stacktrace).toHaveLength(1);
    expect(Work.runs).toBe(1);
  });

  it.each([
    ['moveToDelayed', (s: Work) => s.failOnceAndWait()],
    ['retryJob', (s: Work) => s.failOnce()],
  ] as const)('stores an attempt that failed, and runs the next: %s', async (settlement, call) => {
    const { jobs } = await boot();
    const calls = refuse(settlement, new Error('not now'), 2);
    const handle = await jobs.enqueue(Work, call);
    expect(await handle.result()).toBe(2);
    expect([Work.runs, calls()]).toEqual([2, 3]);
    expect((await handle.details()).stacktrace).toHaveLength(1);
  });

  // In this process, the answer cannot be lost on the way.
  if (engine.capabilities.sharedAcrossMachines) {
    it('finds what was stored although the answer was an error, and the job claimed with it', async () => {
      const { jobs } = await createJobsApp(engine, {
        providers: [Work],
        options: { defaults: { concurrency: 1 } },
      });
      const held = await jobs.enqueue(Work, (s) => s.hold());
      await Work.started.promise;
      const next = await jobs.enqueue(Work, (s) => s.succeed());
      const calls = refuse('moveToCompleted', new Error('The answer was lost'), 1, 'after');
      Work.mayEnd.resolve();
      expect(await held.result()).toBe('held');
      // Long before the lock of the lost claim is over.
      expect(await next.result({ timeout: '8 s' })).toBe('done');
      expect([Work.runs, calls()]).toEqual([2, 3]);
    });
  }

  it('leaves a job whose end it never stores to the next process, as it was', async () => {
    const app = await createJobsApp(engine, {
      providers: [Work],
      options: { lock: { duration: 1_000, sweep: 200 }, shutdownTimeout: 300, abortTimeout: 100 },
    });
    const handle = await app.jobs.enqueue(Work, (s) => s.hold());
    await Work.started.promise;
    refuse('moveToCompleted', new Error('not now'), Infinity);
    Work.mayEnd.resolve();
    await app.close();
    vi.restoreAllMocks();
    const { jobs } = await createJobsApp(engine, { ...app, providers: [Work] });
    const again = await jobs.get(handle);
    expect(await again?.result()).toBe('held');
    expect(Work.runs).toBe(2);
  });
});

function reply(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

function coded(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}
