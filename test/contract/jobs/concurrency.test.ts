import { Injectable } from '@nestjs/common';
import { Queue } from 'bullmq';
import {
  InvalidEnqueueOptionsError,
  InvalidInvocationError,
  InvalidLimitError,
  Job,
  JobCancelledError,
  JobContext,
  type JobHandle,
  type JobsModuleOptions,
} from 'nestjs-jobs';
import { describe, expect, it } from 'vitest';
import { describeEngines, type Isolation } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';
import { expectIdle, type Ticket, turnsOf } from '../../support/turns.js';

/** A handler's run that the test lets go on. */
interface Gate {
  readonly started: PromiseWithResolvers<void>;
  readonly go: PromiseWithResolvers<void>;
}

@Injectable()
class Work {
  /** What ran, in order. */
  readonly ran: string[] = [];
  readonly attempts: number[] = [];
  running = 0;
  mostAtOnce = 0;
  private readonly gates = new Map<string, Gate>();

  constructor(private readonly context: JobContext) {}

  gate(name: string): Gate {
    let gate = this.gates.get(name);
    if (gate === undefined) this.gates.set(name, (gate = { started: signal(), go: signal() }));
    return gate;
  }

  @Job({ concurrency: { key: (tenant: string) => tenant } })
  async single(tenant: string, name: string): Promise<string> {
    return this.work(`${tenant}:${name}`);
  }

  @Job({ concurrency: { key: 'all', limit: 3 } })
  async three(name: string): Promise<string> {
    return this.work(name);
  }

  /** Waits until the test says so. */
  @Job({ concurrency: { key: (tenant: string) => tenant, group: 'gated' }, attempts: 1 })
  async gated(_tenant: string, name: string): Promise<string> {
    const gate = this.gate(name);
    gate.started.resolve();
    this.ran.push(name);
    await Promise.race([gate.go.promise, aborted(this.context.signal)]);
    return name;
  }

  @Job({
    concurrency: { key: (tenant: string) => tenant },
    attempts: 2,
    backoff: { type: 'delays', delays: [300] },
  })
  async flaky(_tenant: string, name: string): Promise<string> {
    this.ran.push(name);
    this.attempts.push(this.context.attempt);
    if (this.context.attempt === 1 && name === 'fails once') throw new Error('not yet');
    return name;
  }

  @Job({ concurrency: { key: 'skip', onLimit: 'skip', group: 'skipped' } })
  async skipped(name: string): Promise<string> {
    const gate = this.gate(name);
    gate.started.resolve();
    await gate.go.promise;
    return name;
  }

  @Job({ concurrency: { key: (key: unknown) => (key === 'throw' ? fail() : (key as string)) } })
  async keyed(_key: unknown): Promise<void> {}

  @Job()
  async plain(): Promise<void> {}

  private async work(name: string): Promise<string> {
    this.running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
    this.ran.push(name);
    await new Promise((resolve) => setTimeout(resolve, 5));
    this.running -= 1;
    return name;
  }
}

function fail(): never {
  throw new TypeError('no tenant');
}

async function aborted(abort: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    abort.addEventListener('abort', () => reject(abort.reason as Error)),
  );
}

const FAST_SWEEP: JobsModuleOptions = { lock: { sweep: 200 } };

/** As long as parked jobs are delayed. */
const PARKED_MS = 24 * 3_600_000 + 4_711;

describeEngines('concurrency keys', (engine) => {
  const boot = async (options: JobsModuleOptions = {}, isolation?: Isolation) => {
    const app = await createJobsApp(engine, {
      providers: [Work],
      options,
      ...(isolation && { isolation }),
    });
    return { ...app, work: app.module.get(Work) };
  };

  it('runs the jobs of a key one at a time, in order, and others beside them', async () => {
    const app = await boot();
    const { jobs, work } = app;
    const items = Array.from({ length: 30 }, (_, i) => ({ tenant: `t${i % 3}`, name: `${i}` }));
    const outcomes = await jobs.enqueueMany(Work, items, (s, { tenant, name }) =>
      s.single(tenant, name),
    );
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') throw outcome.reason;
      await outcome.value.result();
    }
    for (const tenant of ['t0', 't1', 't2']) {
      const ran = work.ran.filter((name) => name.startsWith(tenant));
      expect(ran).toEqual(
        items.filter((item) => item.tenant === tenant).map(({ name }) => `${tenant}:${name}`),
      );
    }
    expect(work.mostAtOnce).toBeLessThanOrEqual(3);
    await expectIdle(app);
  });

  it('lets no job miss its turn that is stored while others end', async () => {
    const { jobs, work } = await boot({ lock: { sweep: 60_000 } });
    const names = Array.from({ length: 60 }, (_, index) => `${index}`);
    const handles: JobHandle<string>[] = [];
    for (const name of names) handles.push(await jobs.enqueue(Work, (s) => s.three(name)));
    await Promise.all(handles.map((handle) => handle.result({ timeout: '10s' })));
    // Those beside one that was given its turn before it was stored may be some runs ahead of it.
    const late = work.ran.map((name, place) => place - Number(name));
    expect(Math.max(...late)).toBeLessThan(names.length / 4);
  });

  it('runs at most so many of a key in all processes', async () => {
    const first = await boot();
    const second = await boot({}, first.isolation);
    const handles = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        (i % 2 ? first : second).jobs.enqueue(Work, (s) => s.three(`${i}`)),
      ),
    );
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, first.work.running + second.work.running);
    }, 1);
    await Promise.all(handles.map((handle) => handle.result()));
    clearInterval(watch);
    expect(most).toBeLessThanOrEqual(3);
    expect(most).toBeGreaterThan(1);
    expect(first.work.ran.length + second.work.ran.length).toBe(40);
    await expectIdle(first);
  });

  it('shows a job that waits for its turn as delayed, and burns no attempt', async () => {
    const app = await boot();
    const { jobs, work } = app;
    const a = await jobs.enqueue(Work, (s) => s.gated('t', 'a'));
    const b = await jobs.enqueue(Work, (s) => s.gated('t', 'b'));
    await work.gate('a').started.promise;
    expect(await b.state()).toBe('delayed');
    work.gate('b').go.resolve();
    work.gate('a').go.resolve();
    expect(await a.result()).toBe('a');
    expect(await b.result()).toBe('b');
    expect((await b.details()).attemptsMade).toBe(1);
    await expectIdle(app);
  });

  it('lets nobody jump the line who is promoted by hand', async () => {
    const app = await boot();
    const { jobs, work } = app;
    await jobs.enqueue(Work, (s) => s.gated('t', 'a'));
    await work.gate('a').started.promise;
    const b = await jobs.enqueue(Work, (s) => s.gated('t', 'b'));
    const c = await jobs.enqueue(Work, (s) => s.gated('t', 'c'));
    await jobs.promote(c);
    await expect.poll(() => c.state(), { timeout: 5_000 }).toBe('delayed');
    expect(work.ran).toEqual(['a']);
    for (const name of ['a', 'b', 'c']) work.gate(name).go.resolve();
    await Promise.all([b.result(), c.result()]);
    expect(work.ran).toEqual(['a', 'b', 'c']);
    await expectIdle(app);
  });

  it('fails a cancelled job at once, though it is not its turn', async () => {
    const app = await boot();
    const { jobs, work } = app;
    await jobs.enqueue(Work, (s) => s.gated('t', 'a'));
    await work.gate('a').started.promise;
    const b = await jobs.enqueue(Work, (s) => s.gated('t', 'b'));
    const c = await jobs.enqueue(Work, (s) => s.gated('t', 'c'));
    await jobs.cancel(b, 'not needed');
    await expect(b.result({ timeout: '5s' })).rejects.toThrow(JobCancelledError);
    work.gate('c').go.resolve();
    work.gate('a').go.resolve();
    expect(await c.result()).toBe('c');
    expect(work.ran).toEqual(['a', 'c']);
    await expectIdle(app);
  });

  it('goes on after a job that waits is removed, through us or through BullMQ', async () => {
    const app = await boot();
    const { jobs, work } = app;
    await jobs.enqueue(Work, (s) => s.gated('t', 'a'));
    await work.gate('a').started.promise;
    const b = await jobs.enqueue(Work, (s) => s.gated('t', 'b'));
    const c = await jobs.enqueue(Work, (s) => s.gated('t', 'c'));
    const d = await jobs.enqueue(Work, (s) => s.gated('t', 'd'));
    await jobs.remove(b);
    const queue = app.module.get<Queue>('BullQueue_default', { strict: false });
    await (await queue.getJob(c.id))!.remove();
    work.gate('d').go.resolve();
    work.gate('a').go.resolve();
    expect(await d.result()).toBe('d');
    expect(work.ran).toEqual(['a', 'd']);
  });

  it('frees the turn of a job that fails and is tried again, and keeps its place', async () => {
    const app = await boot();
    const { jobs, work } = app;
    const first = await jobs.enqueue(Work, (s) => s.flaky('t', 'fails once'));
    const second = await jobs.enqueue(Work, (s) => s.flaky('t', 'second'));
    expect(await second.result()).toBe('second');
    expect(await first.result()).toBe('fails once');
    expect(work.ran).toEqual(['fails once', 'second', 'fails once']);
    expect(work.attempts).toEqual([1, 1, 2]);
    await expectIdle(app);
  });

  it('takes the ticket of a delayed job when that is due', async () => {
    const app = await boot();
    const { jobs, work } = app;
    await jobs.enqueue(Work, (s) => s.gated('t', 'a'));
    await work.gate('a').started.promise;
    const later = await jobs.schedule(Work, (s) => s.gated('t', 'later'), { delay: 200 });
    const b = await jobs.enqueue(Work, (s) => s.gated('t', 'b'));
    const queue = app.module.get<Queue>('BullQueue_default', { strict: false });
    // Due and sent back: far delayed.
    await expect
      .poll(async () => (await queue.getJob(later.id))!.delay, { timeout: 5_000 })
      .toBeGreaterThan(3_600_000);
    for (const name of ['a', 'b', 'later']) work.gate(name).go.resolve();
    await Promise.all([b.result(), later.result()]);
    expect(work.ran).toEqual(['a', 'b', 'later']);
    await expectIdle(app);
  });

  it('gives a job of somebody who knows no keys its key and its place', async () => {
    const app = await boot();
    const { jobs, work, module } = app;
    await jobs.enqueue(Work, (s) => s.gated('t', 'a'));
    await work.gate('a').started.promise;
    const queue = module.get<Queue>('BullQueue_default', { strict: false });
    const data = { args: ['t', 'foreign'] };
    const foreign = await queue.add('Work.gated', data, { jobId: 'foreign' });
    await expect.poll(() => foreign.getState(), { timeout: 5_000 }).toBe('delayed');
    for (const name of ['a', 'foreign']) work.gate(name).go.resolve();
    expect(await (await jobs.get('foreign'))!.result()).toBe('foreign');
    expect(work.ran).toEqual(['a', 'foreign']);
    await expectIdle(app);
  });

  it('completes what must not wait without a run', async () => {
    const app = await boot();
    const { jobs, work } = app;
    const a = await jobs.enqueue(Work, (s) => s.skipped('a'));
    await work.gate('a').started.promise;
    const b = await jobs.enqueue(Work, (s) => s.skipped('b'));
    expect(await b.result()).toBeUndefined();
    work.gate('a').go.resolve();
    expect(await a.result()).toBe('a');
    work.gate('c').go.resolve();
    const c = await jobs.enqueue(Work, (s) => s.skipped('c'));
    expect(await c.result()).toBe('c');
    await expectIdle(app);
  });

  it('lets a shutdown give a job back, which runs first when it comes again', async () => {
    const stopped = await boot({ shutdownTimeout: 0, abortTimeout: 50 });
    await stopped.jobs.enqueue(Work, (s) => s.gated('t', 'a'));
    await stopped.jobs.enqueue(Work, (s) => s.gated('t', 'b'));
    await stopped.work.gate('a').started.promise;
    await stopped.close();
    const next = await boot({}, stopped.isolation);
    for (const name of ['a', 'b']) next.work.gate(name).go.resolve();
    await expect.poll(() => next.work.ran, { timeout: 10_000 }).toContain('b');
    await expect.poll(() => next.work.ran.length, { timeout: 10_000 }).toBe(2);
    await expectIdle(next);
  });

  it('lets the key of a call count', async () => {
    const app = await boot();
    const { jobs, work } = app;
    await jobs.enqueue(Work, (s) => s.gated('t', 'a'));
    await work.gate('a').started.promise;
    work.gate('b').go.resolve();
    const b = await jobs.enqueue(Work, (s) => s.gated('t', 'b'), { concurrencyKey: 'other' });
    expect(await b.result()).toBe('b');
    work.gate('a').go.resolve();
    await expectIdle(app);
  });

  it('follow limits that are changed at run time, in every process, until they are reset', async () => {
    const app = await boot();
    const producer = await boot({ workers: false }, app.isolation);
    const { work } = app;
    const { jobs } = producer;
    expect(await jobs.limits.get(Work, 'gated', 't')).toEqual({ concurrency: 1 });
    const names = ['a', 'b', 'c', 'd', 'e'];
    const handles: JobHandle[] = [];
    for (const name of names) handles.push(await jobs.enqueue(Work, (s) => s.gated('t', name)));
    await work.gate('a').started.promise;
    expect(await handles[1]!.state()).toBe('delayed');
    // Those that wait need not wait for the end of a run.
    await jobs.limits.set(Work, 'gated', { key: 't', limit: 3 });
    await Promise.all([work.gate('b').started.promise, work.gate('c').started.promise]);
    expect(await jobs.limits.get(Work, 'gated', 't')).toEqual({ concurrency: 3 });
    expect(await jobs.limits.get(Work, 'gated')).toEqual({ concurrency: 1 });
    await jobs.limits.set(Work, 'gated', { limit: 7 });
    expect(await jobs.limits.get(Work, 'gated', 't')).toEqual({ concurrency: 3 });
    await jobs.limits.reset(Work, 'gated');
    await jobs.limits.reset(Work, 'gated', 't');
    expect(await app.jobs.limits.get(Work, 'gated', 't')).toEqual({ concurrency: 1 });
    // Three run: the next one has to wait for all of them.
    for (const name of ['a', 'b']) work.gate(name).go.resolve();
    await Promise.all([handles[0]!.result(), handles[1]!.result()]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(work.ran).not.toContain('d');
    for (const name of ['c', 'd', 'e']) work.gate(name).go.resolve();
    await Promise.all(handles.map((handle) => handle.result()));
    expect(work.ran.slice(3)).toEqual(['d', 'e']);
    await expectIdle(app);
  });

  it('refuse changes that are none', async () => {
    const { jobs } = await boot({ workers: false });
    await expect(jobs.limits.set(Work, 'gated', { limit: 0 })).rejects.toThrow(InvalidLimitError);
    await expect(jobs.limits.set(Work, 'gated', {})).rejects.toThrow(/expected "limit", or "max"/);
    await expect(jobs.limits.set(Work, 'gated', { max: 1 })).rejects.toThrow(/with `rateLimit`/);
    await expect(jobs.limits.set(Work, 'plain', { limit: 1 })).rejects.toThrow(/with neither/);
    await expect(jobs.limits.get(Work, 'gated', 'a\nb')).rejects.toThrow(/"key" expected/);
    await expect(jobs.limits.set(Work, 'work' as never, { limit: 1 })).rejects.toThrow(
      InvalidInvocationError,
    );
  });

  it('report all faults of their options at boot', async () => {
    @Injectable()
    class Wrong {
      @Job({ concurrency: { limit: 0, onLimit: 'explode' as never } })
      a(): void {}

      @Job({ rateLimit: { max: 5 } as never, unique: { for: 'ever', keyy: 1 } as never })
      b(): void {}
    }
    const failed = createJobsApp(engine, { providers: [Wrong] });
    await expect(failed).rejects.toThrow(/concurrency: "limit" expected a whole number from 1/);
    await expect(failed).rejects.toThrow(/concurrency: "onLimit" expected 'wait' or 'skip'/);
    await expect(failed).rejects.toThrow(/rateLimit: "per" expected a duration above zero/);
    await expect(failed).rejects.toThrow(/unique: unknown option "keyy"; did you mean "key"/);
  });

  it('let jobs run that wait for a turn of a handler that has no limit any more', async () => {
    @Injectable()
    class Before {
      @Job({ name: 'Changing.run', concurrency: { limit: 1 } })
      async run(): Promise<void> {}
    }
    @Injectable()
    class After {
      @Job({ name: 'Changing.run' })
      async run(): Promise<void> {}
    }
    const before = await createJobsApp(engine, {
      providers: [Before],
      options: { workers: false },
    });
    const handles = [];
    for (let i = 0; i < 2; i += 1) handles.push(await before.jobs.enqueue(Before, (s) => s.run()));
    expect(await handles[1]!.state()).toBe('delayed');
    await createJobsApp(engine, {
      providers: [After],
      options: FAST_SWEEP,
      isolation: before.isolation,
    });
    await Promise.all(handles.map((handle) => handle.result({ timeout: '10s' })));
  });

  describe('after a crash', () => {
    const ticketOf = (id: string): Ticket => ({ key: 'gated|t', queue: 'default', id });

    it('between a ticket and its job, go on without the job', async () => {
      const app = await boot(FAST_SWEEP);
      const { jobs, work } = app;
      const ghost = ticketOf('never-stored');
      await turnsOf(app).apply([{ ...ghost, action: 'take', limit: 1 }]);
      work.gate('a').go.resolve();
      const a = await jobs.enqueue(Work, (s) => s.gated('t', 'a'));
      expect(await a.state()).toBe('delayed');
      expect(await a.result({ timeout: '8s' })).toBe('a');
    });

    it('find a job that was stored when nobody counted on it any more', async () => {
      const app = await boot(FAST_SWEEP);
      const { jobs, work, module } = app;
      await jobs.enqueue(Work, (s) => s.gated('t', 'a'));
      await work.gate('a').started.promise;
      const late = ticketOf('late');
      await turnsOf(app).apply([
        { ...late, action: 'take', limit: 1 },
        { ...late, action: 'end', limit: 1 },
        { ...late, action: 'start', limit: 2, run: 'dead', ttlMs: 0 },
      ]);
      const queue = module.get<Queue>('BullQueue_default', { strict: false });
      const options = { jobId: 'late', delay: PARKED_MS, concurrencyKey: 't' };
      await queue.add('Work.gated', { args: ['t', 'late'] }, options);
      for (const name of ['a', 'late']) work.gate(name).go.resolve();
      expect(await (await jobs.get('late'))!.result({ timeout: '8s' })).toBe('late');
      await expectIdle(app);
    });

    it('between the end of a run and the next one, start the next one', async () => {
      const app = await boot({ ...FAST_SWEEP, workers: false });
      const { jobs } = app;
      const a = await jobs.enqueue(Work, (s) => s.gated('t', 'a'));
      const b = await jobs.enqueue(Work, (s) => s.gated('t', 'b'));
      // What its worker would have done last; where the next job is made ready apart, it is not.
      await app.module.get<Queue>('BullQueue_default', { strict: false }).remove(a.id);
      await turnsOf(app).apply([{ ...ticketOf(a.id), action: 'end', limit: 1 }]);
      const next = await boot(FAST_SWEEP, app.isolation);
      next.work.gate('b').go.resolve();
      expect(await b.result({ timeout: '8s' })).toBe('b');
      await expectIdle(next);
    });

    it('of the process that held the turn, give it to the next one in the time of a lock', async () => {
      const app = await boot(FAST_SWEEP);
      const { jobs, work } = app;
      await turnsOf(app).apply([
        { ...ticketOf('dead'), action: 'start', limit: 1, run: 'dead', ttlMs: 1_000 },
      ]);
      const startedAt = performance.now();
      const a = await jobs.enqueue(Work, (s) => s.gated('t', 'a'));
      expect(await a.state()).toBe('delayed');
      await work.gate('a').started.promise;
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      work.gate('a').go.resolve();
      await a.result();
    });
  });

  it.each<[string, unknown, RegExp]>([
    ['is none', undefined, /"concurrency.key" expected a number, or a text .* got undefined/],
    ['is empty', '', /"concurrency.key" expected/],
    ['is too long', 'x'.repeat(257), /"concurrency.key" expected/],
    ['has control characters', 'a\nb', /"concurrency.key" expected/],
    ['cannot be made', 'throw', /the function "concurrency.key" threw: no tenant/],
  ])('refuses a job at the call whose key %s', async (_what, key, message) => {
    const { jobs } = await boot({ workers: false });
    const refused = jobs.enqueue(Work, (s) => s.keyed(key));
    await expect(refused).rejects.toThrow(InvalidEnqueueOptionsError);
    await expect(refused).rejects.toThrow(message);
  });
});
