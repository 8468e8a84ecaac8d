import { Injectable } from '@nestjs/common';
import { InvalidEnqueueOptionsError, Job, type JobsModuleOptions } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines, type Isolation } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

/** A start is noted when its handler is called, a while after the store has let it go, in ms. */
const TOLERANCE_MS = 150;

const PER_MS = 500;

@Injectable()
class Calls {
  readonly starts: { name: string; at: number }[] = [];

  @Job({ rateLimit: { max: 3, per: PER_MS } })
  async limited(name: string): Promise<void> {
    this.note(name);
  }

  @Job({ rateLimit: { key: (tenant: string) => tenant, max: 1, per: '1 min' } })
  async perTenant(_tenant: string, name: string): Promise<void> {
    this.note(name);
  }

  @Job({
    concurrency: { key: 'both', limit: 1 },
    rateLimit: { max: 2, per: PER_MS },
  })
  async both(name: string): Promise<void> {
    this.note(name);
  }

  @Job()
  async free(): Promise<void> {}

  private note(name: string): void {
    this.starts.push({ name, at: performance.now() });
  }
}

describeEngines('rate limits', (engine) => {
  const boot = async (options: JobsModuleOptions = {}, isolation?: Isolation) => {
    const app = await createJobsApp(engine, {
      providers: [Calls],
      options,
      ...(isolation && { isolation }),
    });
    return { ...app, calls: app.module.get(Calls) };
  };

  /** That no window held more starts than may be. */
  function expectRate(starts: readonly { at: number }[], max: number): void {
    const times = starts.map(({ at }) => at).toSorted((a, b) => a - b);
    for (const [i, at] of times.entries()) {
      const next = times[i + max];
      if (next !== undefined) expect(next - at).toBeGreaterThan(PER_MS - TOLERANCE_MS);
    }
  }

  it('start no more jobs within any window than they say, in all processes, and burn no attempt', async () => {
    const first = await boot();
    const second = await boot({}, first.isolation);
    const handles = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        (i % 2 ? first : second).jobs.enqueue(Calls, (s) => s.limited(`${i}`)),
      ),
    );
    await Promise.all(handles.map((handle) => handle.result()));
    const starts = [...first.calls.starts, ...second.calls.starts];
    expect(starts).toHaveLength(8);
    expectRate(starts, 3);
    for (const handle of handles) expect((await handle.details()).attemptsMade).toBe(1);
  });

  it('count each key by itself, and keep what comes too early delayed', async () => {
    const { jobs, calls } = await boot();
    const a = await jobs.enqueue(Calls, (s) => s.perTenant('a', 'first of a'));
    const b = await jobs.enqueue(Calls, (s) => s.perTenant('b', 'first of b'));
    await Promise.all([a.result(), b.result()]);
    const late = await jobs.enqueue(Calls, (s) => s.perTenant('a', 'second of a'));
    await expect.poll(() => late.state(), { timeout: 5_000 }).toBe('delayed');
    expect(calls.starts).toHaveLength(2);
  });

  it('go together with concurrency keys', async () => {
    const { jobs, calls } = await boot();
    const names = ['a', 'b', 'c', 'd'];
    const outcomes = await jobs.enqueueMany(Calls, names, (s, name) => s.both(name));
    for (const outcome of outcomes)
      if (outcome.status === 'fulfilled') await outcome.value.result();
    expect(calls.starts.map(({ name }) => name)).toEqual(names);
    expectRate(calls.starts, 2);
  });

  it('refuse a key of a call that the handler does not count by', async () => {
    const { jobs } = await boot({ workers: false });
    const refused = jobs.enqueue(Calls, (s) => s.free(), { rateLimitKey: 'a' });
    await expect(refused).rejects.toThrow(InvalidEnqueueOptionsError);
    await expect(refused).rejects.toThrow(
      /"rateLimitKey" expected a handler with @Job\(\{ rateLimit \}\)/,
    );
  });
});
