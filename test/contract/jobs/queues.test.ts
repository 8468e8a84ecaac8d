import { Injectable } from '@nestjs/common';
import { Job, type JobsModuleOptions, JobsHealth } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

/** How many calls of a handler run now, and at most ran at once. */
class Gauge {
  now = 0;
  most = 0;
  private gate = signal();

  /** Stays inside until {@link open}. */
  async pass(): Promise<void> {
    this.now += 1;
    this.most = Math.max(this.most, this.now);
    await this.gate.promise;
    this.now -= 1;
  }

  open(): void {
    this.gate.resolve();
  }
}

@Injectable()
class Crowd {
  readonly narrow = new Gauge();
  readonly wide = new Gauge();

  @Job({ queue: 'narrow' })
  async squeeze(): Promise<void> {
    await this.narrow.pass();
  }

  @Job({ queue: 'wide' })
  async stroll(): Promise<void> {
    await this.wide.pass();
  }
}

@Injectable()
class Work {
  readonly order: string[] = [];

  @Job({ queue: 'left' })
  left(label: string): void {
    this.order.push(`left ${label}`);
  }

  @Job({ queue: 'right' })
  right(label: string): void {
    this.order.push(`right ${label}`);
  }

  @Job({ queue: 'ordered' })
  note(label: string): void {
    this.order.push(label);
  }

  @Job({ queue: 'ordered', priority: 5 })
  noteLater(label: string): void {
    this.order.push(label);
  }
}

describeEngines('queues', (engine) => {
  const producer = (provider: new (...args: never[]) => object) =>
    createJobsApp(engine, { providers: [provider], options: { workers: false } });

  it('runs as many jobs of a queue at once as its concurrency allows, and no more', async () => {
    const { jobs, module } = await createJobsApp(engine, {
      providers: [Crowd],
      options: {
        queues: { narrow: { concurrency: 2 }, wide: { concurrency: 5 } },
        // A failure here leaves jobs running; it must not also time out the hook.
        shutdownTimeout: 1_000,
        abortTimeout: 100,
      },
    });
    const { narrow, wide } = module.get(Crowd);
    const items = Array.from({ length: 12 });
    const squeezed = await Promise.all(items.map(() => jobs.enqueue(Crowd, (s) => s.squeeze())));
    await expect.poll(() => narrow.now).toBe(2);

    // All of another queue passes while the first is full: time enough to claim a third, were it
    // allowed.
    const strolled = await Promise.all(items.map(() => jobs.enqueue(Crowd, (s) => s.stroll())));
    await expect.poll(() => wide.now).toBe(5);
    wide.open();
    await Promise.all(strolled.map((handle) => handle.result()));
    const states = await Promise.all(squeezed.map((handle) => handle.state()));
    expect(states.filter((state) => state === 'active')).toHaveLength(2);
    expect(states.filter((state) => state === 'waiting')).toHaveLength(10);

    narrow.open();
    await Promise.all(squeezed.map((handle) => handle.result()));
    expect([narrow.most, wide.most]).toEqual([2, 5]);
  });

  it('starts no more jobs than the rate limit allows, over all processes', async () => {
    const starts: number[] = [];
    @Injectable()
    class Limited {
      @Job({ queue: 'limited' })
      call(): void {
        starts.push(performance.now());
      }
    }
    const per = 400;
    const options = { queues: { limited: { rateLimit: { max: 2, per } } } };
    const { jobs, isolation } = await createJobsApp(engine, { providers: [Limited], options });
    await createJobsApp(engine, { providers: [Limited], options, isolation });

    const before = performance.now();
    const handles = await Promise.all(
      Array.from({ length: 7 }, () => jobs.enqueue(Limited, (s) => s.call())),
    );
    await Promise.all(handles.map((handle) => handle.result()));
    expect(starts).toHaveLength(7);
    // Two in the first period, two in the second …; the store's clock may tick a little apart from
    // ours.
    for (const [index, start] of starts.entries()) {
      expect(start - before).toBeGreaterThan(Math.floor(index / 2) * per - 20);
    }
  });

  it('works only on the queues that it is told to', async () => {
    const { jobs, isolation } = await producer(Work);
    const right = await jobs.enqueue(Work, (s) => s.right('one'));
    const left = await jobs.enqueue(Work, (s) => s.left('one'));
    const leftOnly = await createJobsApp(engine, {
      providers: [Work],
      isolation,
      options: { workers: ['left'] },
    });
    await left.result();
    // Another round trip through that worker: it had every chance to take the job of the other
    // queue.
    await (await leftOnly.jobs.enqueue(Work, (s) => s.left('two'))).result();
    expect(await right.state()).toBe('waiting');
    expect(leftOnly.module.get(Work).order).toEqual(['left one', 'left two']);

    await createJobsApp(engine, { providers: [Work], isolation, options: { workers: ['right'] } });
    await right.result();
    expect(leftOnly.module.get(Work).order).toEqual(['left one', 'left two']);
  });

  it('works on nothing with workers: false', async () => {
    const idle = await producer(Work);
    expect(await idle.module.get(JobsHealth).check()).toMatchObject({
      healthy: true,
      workers: 'none',
    });
    const handle = await idle.jobs.enqueue(Work, (s) => s.left('one'));
    expect(await handle.state()).toBe('waiting');
    const { isolation } = idle;
    const busy = await createJobsApp(engine, { providers: [Work], isolation });
    await handle.result();
    expect(busy.module.get(Work).order).toEqual(['left one']);
    expect(idle.module.get(Work).order).toEqual([]);
  });

  const oneAtATime: JobsModuleOptions = { queues: { ordered: { concurrency: 1 } } };

  it('runs jobs without priority first, then by priority, then in the order of enqueueing', async () => {
    const { jobs, isolation } = await producer(Work);
    const handles = [
      await jobs.enqueue(Work, (s) => s.note('third a'), { priority: 3 }),
      await jobs.enqueue(Work, (s) => s.noteLater('fifth')),
      await jobs.enqueue(Work, (s) => s.note('first a'), { priority: 1 }),
      await jobs.enqueue(Work, (s) => s.note('none a')),
      await jobs.enqueue(Work, (s) => s.noteLater('second'), { priority: 2 }),
      await jobs.enqueue(Work, (s) => s.note('last'), { priority: 2_097_151 }),
      await jobs.enqueue(Work, (s) => s.note('first b'), { priority: 1 }),
      await jobs.enqueue(Work, (s) => s.note('third b'), { priority: 3 }),
      await jobs.enqueue(Work, (s) => s.note('none b')),
    ];
    expect(await handles[0]!.state()).toBe('prioritized');
    const worker = await createJobsApp(engine, {
      providers: [Work],
      isolation,
      options: oneAtATime,
    });
    await Promise.all(handles.map((handle) => handle.result()));
    expect(worker.module.get(Work).order).toEqual([
      'none a',
      'none b',
      'first a',
      'first b',
      'second',
      'third a',
      'third b',
      'fifth',
      'last',
    ]);
  });

  it('puts lifo jobs before those that wait', async () => {
    const { jobs, isolation } = await producer(Work);
    const handles = [
      await jobs.enqueue(Work, (s) => s.note('a')),
      await jobs.enqueue(Work, (s) => s.note('b'), { lifo: true }),
      await jobs.enqueue(Work, (s) => s.note('c')),
      await jobs.enqueue(Work, (s) => s.note('d'), { lifo: true }),
    ];
    const worker = await createJobsApp(engine, {
      providers: [Work],
      isolation,
      options: oneAtATime,
    });
    await Promise.all(handles.map((handle) => handle.result()));
    expect(worker.module.get(Work).order).toEqual(['d', 'b', 'a', 'c']);
  });

  it('shares a queue between applications without running a job twice', async () => {
    const runs: { app: string; job: number }[] = [];
    const bothAtWork = signal();
    @Injectable()
    class Shared {
      app = '';

      @Job({ queue: 'shared' })
      async run(job: number): Promise<void> {
        runs.push({ app: this.app, job });
        if (new Set(runs.map(({ app }) => app)).size === 2) bothAtWork.resolve();
        await bothAtWork.promise;
      }
    }
    const { jobs, isolation } = await producer(Shared);
    for (const name of ['one', 'two']) {
      const { module } = await createJobsApp(engine, { providers: [Shared], isolation });
      module.get(Shared).app = name;
    }
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    const outcomes = await jobs.enqueueMany(Shared, numbers, (s, job) => s.run(job));
    const stored = outcomes.flatMap((o) => (o.status === 'fulfilled' ? [o.value] : []));
    expect(stored).toHaveLength(200);
    await Promise.all(stored.map((handle) => handle.result()));
    expect(runs.map(({ job }) => job).toSorted((a, b) => a - b)).toEqual(numbers);
  });
});
