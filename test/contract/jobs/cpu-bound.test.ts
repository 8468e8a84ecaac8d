import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Job } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

const LOCK = { duration: 400, sweep: 100, maxStalls: 1 };

/** Longer than the lock and several sweeps. */
const BLOCK_MS = 1_500;

@Injectable()
class Computer {
  readonly runs: string[] = [];
  running = 0;
  mostRunning = 0;

  /** Holds the event loop, as a computation does. */
  @Job()
  compute(): string {
    this.runs.push('compute');
    block(BLOCK_MS);
    return 'computed';
  }

  @Job()
  async computeInParts(): Promise<string> {
    this.runs.push('parts');
    for (let part = 0; part < 3; part++) {
      block(BLOCK_MS / 2);
      await delay(1);
    }
    return 'computed';
  }

  @Job()
  failLate(): never {
    this.runs.push('fail');
    block(BLOCK_MS);
    throw new Error('as it should');
  }

  // #region parts
  @Job()
  async addUp(rows: readonly number[]): Promise<number> {
    let sum = 0;
    for (const [index, row] of rows.entries()) {
      sum += Math.sqrt(row);
      // Locks are renewed meanwhile, other handlers go on, and signals arrive.
      if (index % 1_000 === 0) await nextTurn();
    }
    return sum;
  }
  // #endregion parts

  /** Suffers from the computation of its neighbour. */
  @Job()
  async waits(): Promise<string> {
    this.runs.push('waits');
    await delay(2 * BLOCK_MS);
    return 'waited';
  }

  @Job({ concurrency: { key: (tenant: string) => tenant, limit: 1 } })
  async inTurn(_tenant: string, ms: number): Promise<string> {
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    await delay(ms);
    this.running -= 1;
    return 'done';
  }
}

function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

describeEngines('a handler that blocks the event loop for longer than its lock', (engine) => {
  const boot = async () => {
    const app = await createJobsApp(engine, { providers: [Computer], options: { lock: LOCK } });
    return { ...app, computer: app.module.get(Computer) };
  };

  it('runs once where no other process is, and is completed', async () => {
    const { jobs, computer } = await boot();
    const handles = [
      await jobs.enqueue(Computer, (s) => s.compute()),
      await jobs.enqueue(Computer, (s) => s.computeInParts()),
      await jobs.enqueue(Computer, (s) => s.compute()),
    ];
    for (const handle of handles) expect(await handle.result()).toBe('computed');
    expect(computer.runs.toSorted()).toEqual(['compute', 'compute', 'parts']);
  });

  it('is better written so that the event loop has its turns', async () => {
    const { jobs } = await boot();
    const rows = Array.from({ length: 3_000 }, () => 4);
    expect(await (await jobs.enqueue(Computer, (s) => s.addUp(rows))).result()).toBe(6_000);
  });

  it('fails as what it threw says', async () => {
    const { jobs, computer } = await boot();
    const handle = await jobs.enqueue(Computer, (s) => s.failLate(), { attempts: 1 });
    await expect(handle.result()).rejects.toThrow('as it should');
    expect(computer.runs).toEqual(['fail']);
  });

  it('costs its neighbours neither a second run nor their turn', async () => {
    const { jobs, computer } = await boot();
    const neighbour = await jobs.enqueue(Computer, (s) => s.waits());
    const first = await jobs.enqueue(Computer, (s) => s.inTurn('a', 2 * BLOCK_MS));
    await expect.poll(() => computer.running).toBe(1);
    const second = await jobs.enqueue(Computer, (s) => s.inTurn('a', 1));
    const blocker = await jobs.enqueue(Computer, (s) => s.compute());
    expect(await blocker.result()).toBe('computed');
    expect(await neighbour.result()).toBe('waited');
    expect(await first.result()).toBe('done');
    expect(await second.result()).toBe('done');
    expect(computer.mostRunning).toBe(1);
    expect(computer.runs.toSorted()).toEqual(['compute', 'waits']);
  });
});
