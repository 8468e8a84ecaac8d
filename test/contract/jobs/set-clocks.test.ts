import { Injectable } from '@nestjs/common';
import { Job, type JobHandle } from 'nestjs-jobs';
import { afterEach, expect, it, vi } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

const HOUR_MS = 3_600_000;
const WINDOW_MS = 1_000;

/** Of those that wait in real time for what the clock must not decide. */
const SOON = { timeout: 8_000, interval: 20 };

@Injectable()
class Calls {
  readonly starts: { name: string; at: number }[] = [];

  @Job({ rateLimit: { max: 1, per: WINDOW_MS } })
  async limited(name: string): Promise<void> {
    this.note(name);
  }

  @Job({ attempts: 2, backoff: { type: 'fixed', delay: WINDOW_MS } })
  async flaky(name: string): Promise<void> {
    this.note(name);
    if (this.starts.length === 1) throw new Error('once more');
  }

  @Job()
  async plain(name: string): Promise<void> {
    this.note(name);
  }

  private note(name: string): void {
    this.starts.push({ name, at: performance.now() });
  }
}

/** The wall clock goes on from another time. */
function setClock(byMs: number): void {
  vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true, now: Date.now() + byMs });
}

describeEngines('a wall clock that is wrong', (engine) => {
  const boot = async (shared: Partial<Parameters<typeof createJobsApp>[1]> = {}) => {
    const app = await createJobsApp(engine, { providers: [Calls], ...shared });
    return { ...app, calls: app.module.get(Calls) };
  };

  const parked = async (handle: JobHandle): Promise<void> => {
    await expect.poll(() => handle.state(), SOON).toBe('delayed');
  };

  afterEach(() => void vi.useRealTimers());

  it('is set back while a job waits for the window of its limit: the job runs when that is over', async () => {
    const { jobs, calls } = await boot();
    await jobs.enqueue(Calls, (s) => s.limited('first'));
    await parked(await jobs.enqueue(Calls, (s) => s.limited('second')));
    setClock(-HOUR_MS);
    await expect.poll(() => calls.starts.length, SOON).toBe(2);
    expect(calls.starts[1]!.at - calls.starts[0]!.at).toBeGreaterThan(WINDOW_MS - 150);
  });

  it('stands still while a job waits for the window of its limit', async () => {
    const { jobs, calls } = await boot();
    vi.useFakeTimers({ toFake: ['Date'] });
    await jobs.enqueue(Calls, (s) => s.limited('first'));
    await jobs.enqueue(Calls, (s) => s.limited('second'));
    await expect.poll(() => calls.starts.length, SOON).toBe(2);
  });

  it('is set back while a job waits for its next attempt', async () => {
    const { jobs, calls } = await boot();
    await parked(await jobs.enqueue(Calls, (s) => s.flaky('it')));
    setClock(-HOUR_MS);
    await expect.poll(() => calls.starts.length, SOON).toBe(2);
    expect(calls.starts[1]!.at - calls.starts[0]!.at).toBeGreaterThan(WINDOW_MS - 150);
  });

  it('was ahead in the process that sent a job to wait, and is right in the one that runs it', async () => {
    setClock(HOUR_MS);
    const ahead = await boot();
    await ahead.jobs.enqueue(Calls, (s) => s.limited('first'));
    await parked(await ahead.jobs.enqueue(Calls, (s) => s.limited('second')));
    await ahead.close();
    vi.useRealTimers();
    const { calls } = await boot({ isolation: ahead.isolation });
    await expect.poll(() => calls.starts.length, SOON).toBe(1);
  });

  // Where a file is the store, all processes have the clock of one machine.
  if (!engine.capabilities.sharedAcrossMachines) return;

  it('decides of no delay that another process is to wait for', async () => {
    setClock(HOUR_MS);
    const ahead = await boot({ options: { workers: false } });
    await ahead.jobs.schedule(Calls, (s) => s.plain('it'), { delay: WINDOW_MS });
    vi.useRealTimers();
    const scheduled = performance.now();
    const { calls } = await boot({ isolation: ahead.isolation });
    await expect.poll(() => calls.starts.length, SOON).toBe(1);
    expect(calls.starts[0]!.at - scheduled).toBeGreaterThan(WINDOW_MS - 250);
  });

  it.for([HOUR_MS, -HOUR_MS])(
    'decides of no date of the store, %i ms off in the process that schedules',
    async (byMs) => {
      const due = Date.now() + WINDOW_MS;
      const start = performance.now();
      setClock(byMs);
      const wrong = await boot({ options: { workers: false } });
      await wrong.jobs.schedule(Calls, (s) => s.plain('it'), { at: new Date(due) });
      vi.useRealTimers();
      const { calls } = await boot({ isolation: wrong.isolation });
      await expect.poll(() => calls.starts.length, SOON).toBe(1);
      expect(calls.starts[0]!.at - start).toBeGreaterThan(WINDOW_MS - 250);
    },
  );
});
