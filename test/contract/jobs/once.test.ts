import { Injectable } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Job, JobCancelledError, JobContext, Recurring } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

const VALUES = {
  nothing: undefined,
  null: null,
  false: false,
  text: 'a\nb',
  date: new Date(7),
  map: new Map([['a', new Set([1n])]]),
  bytes: Buffer.from('bytes'),
};

class Receipt {
  constructor(readonly id: string) {}

  print(): string {
    return `receipt ${this.id}`;
  }
}

@Injectable()
class Orders {
  /** Calls of steps, in order. */
  readonly done: string[] = [];
  readonly started = signal();
  readonly release = signal();
  failures = 1;

  constructor(private readonly context: JobContext) {}

  private do<T>(step: string, result: T): () => T {
    return () => {
      this.done.push(step);
      return result;
    };
  }

  @Job({ attempts: 3, backoff: { type: 'fixed', delay: 1 } })
  async process(order: string): Promise<string> {
    const charge = await this.context.once('charge', this.do('charge', `charge of ${order}`));
    if (this.context.attempt <= this.failures) throw new Error('no paper');
    await this.context.once('print', this.do('print', undefined));
    return charge;
  }

  @Job({ attempts: 2, backoff: { type: 'fixed', delay: 1 } })
  async failing(): Promise<string> {
    return this.context.once('step', async () => {
      this.done.push('step');
      if (this.done.length === 1) throw new Error('the step failed');
      return 'at the second attempt';
    });
  }

  @Job({ attempts: 1 })
  async triedAgain(): Promise<string[]> {
    const step = async () => {
      this.done.push('step');
      if (this.done.length === 1) throw new Error('the step failed');
      return 'at the second call';
    };
    const both = [this.context.once('step', step), this.context.once('step', step)];
    const ends = await Promise.allSettled(both);
    return [...ends.map(({ status }) => status), await this.context.once('step', step)];
  }

  @Job()
  async together(): Promise<string[]> {
    const step = () => {
      this.done.push('step');
      return this.release.promise.then(() => 'shared');
    };
    const both = [this.context.once('step', step), this.context.once('step', step)];
    const other = this.context.once('other', this.do('other', 'another'));
    this.release.resolve();
    return Promise.all([...both, other]);
  }

  @Job({ attempts: 2, backoff: { type: 'fixed', delay: 1 } })
  async values(): Promise<unknown[]> {
    const restored: unknown[] = [];
    for (const [name, value] of Object.entries(VALUES))
      restored.push(await this.context.once(name, this.do(name, value)));
    if (this.context.attempt === 1) throw new Error('once more');
    return restored;
  }

  @Job({ attempts: 2, backoff: { type: 'fixed', delay: 1 } })
  async losses(): Promise<unknown> {
    const receipt = await this.context.once('receipt', this.do('receipt', new Receipt('r-1')));
    const large = await this.context.once('large', this.do('large', 'x'.repeat(2_000)));
    const seen = [receipt instanceof Receipt, receipt.id, large ?? 'too large'];
    if (this.context.attempt === 1) throw new Error(JSON.stringify(seen));
    return seen;
  }

  @Job({ attempts: 1 })
  async cancelled(): Promise<void> {
    await this.context.once('before', this.do('before', 1));
    this.started.resolve();
    const { signal: abort } = this.context;
    await new Promise((resolve) => abort.addEventListener('abort', resolve));
    await this.context.once('before', this.do('before again', 1));
    await this.context.once('after', this.do('after', 1));
  }

  @Job({ attempts: 1 })
  async misused(how: 'name' | 'action' | 'nested'): Promise<unknown> {
    if (how === 'name') return this.context.once('', () => 1);
    if (how === 'action') return this.context.once('step', 'charge()' as never);
    return this.context.once('outer', () => this.context.once('outer', () => 1));
  }
}

@Injectable()
class Ticking {
  readonly ran = signal<unknown[]>();
  private calls = 0;

  constructor(private readonly context: JobContext) {}

  @Recurring({ every: '50ms' }, { scope: 'process' })
  async tick(): Promise<void> {
    const step = () => ++this.calls;
    const seen = await Promise.all([
      this.context.once('step', step),
      this.context.once('step', step),
    ]);
    if (this.calls === 2) this.ran.resolve(seen);
  }
}

describeEngines('JobContext.once', (engine) => {
  const boot = async (options = {}) => {
    const app = await createJobsApp(engine, {
      providers: [Orders],
      options: { abortTimeout: 100, ...options },
    });
    return { ...app, orders: app.module.get(Orders) };
  };

  it('does a step once over all attempts, and returns what it returned', async () => {
    const { jobs, orders } = await boot();
    orders.failures = 2;
    const handle = await jobs.enqueue(Orders, (s) => s.process('o-1'));
    expect(await handle.result()).toBe('charge of o-1');
    expect(orders.done).toEqual(['charge', 'print']);
  });

  it('does it for each job', async () => {
    const { jobs, orders } = await boot();
    orders.failures = 0;
    const handles = await Promise.all(
      ['o-1', 'o-2'].map((id) => jobs.enqueue(Orders, (s) => s.process(id))),
    );
    const results = await Promise.all(handles.map((handle) => handle.result()));
    expect(results).toEqual(['charge of o-1', 'charge of o-2']);
    expect(orders.done.toSorted()).toEqual(['charge', 'charge', 'print', 'print']);
  });

  it('remembers the steps of a job that has failed for good and is retried by hand', async () => {
    const { jobs, orders } = await boot();
    orders.failures = 3;
    const handle = await jobs.enqueue(Orders, (s) => s.process('o-1'));
    await expect(handle.result()).rejects.toThrow('no paper');
    orders.failures = 0;
    await jobs.retry(handle);
    expect(await handle.result()).toBe('charge of o-1');
    expect(orders.done).toEqual(['charge', 'print']);
  });

  it('does not know the steps of an earlier job with the same id', async () => {
    const { jobs, orders } = await boot();
    orders.failures = 0;
    for (const order of ['first', 'second']) {
      const handle = await jobs.enqueue(Orders, (s) => s.process(order), { id: 'daily' });
      expect(await handle.result()).toBe(`charge of ${order}`);
      await jobs.remove(handle);
    }
    expect(orders.done).toEqual(['charge', 'print', 'charge', 'print']);
  });

  it('keeps nothing of a step that throws, and calls it again at the next attempt', async () => {
    const { jobs, orders } = await boot();
    const handle = await jobs.enqueue(Orders, (s) => s.failing());
    expect(await handle.result()).toBe('at the second attempt');
    expect(orders.done).toEqual(['step', 'step']);
    const { stacktrace } = await handle.details();
    expect(stacktrace[0]).toContain('the step failed');
  });

  it('calls it again in the same attempt, once all who shared the call know', async () => {
    const { jobs, orders } = await boot();
    const handle = await jobs.enqueue(Orders, (s) => s.triedAgain());
    expect(await handle.result()).toEqual(['rejected', 'rejected', 'at the second call']);
    expect(orders.done).toEqual(['step', 'step']);
  });

  it('shares one call among those who ask for one step at once', async () => {
    const { jobs, orders } = await boot();
    const handle = await jobs.enqueue(Orders, (s) => s.together());
    expect(await handle.result()).toEqual(['shared', 'shared', 'another']);
    expect(orders.done.toSorted()).toEqual(['other', 'step']);
  });

  it('restores values as they went in', async () => {
    const { jobs, orders } = await boot();
    const handle = await jobs.enqueue(Orders, (s) => s.values());
    expect(await handle.result()).toEqual(Object.values(VALUES));
    expect(orders.done).toEqual(Object.keys(VALUES));
  });

  it('returns the stored form of what cannot be kept as it is, the first time too', async () => {
    const { jobs, orders } = await boot({ maxPayloadBytes: 1_000 });
    const handle = await jobs.enqueue(Orders, (s) => s.losses());
    const seen = [false, 'r-1', 'too large'];
    expect(await handle.result()).toEqual(seen);
    expect((await handle.details()).stacktrace[0]).toContain(JSON.stringify(seen));
    expect(orders.done).toEqual(['receipt', 'large']);
  });

  it('starts no step once the signal has aborted, and returns those that are done', async () => {
    const { jobs, orders } = await boot();
    const handle = await jobs.enqueue(Orders, (s) => s.cancelled());
    await orders.started.promise;
    await jobs.cancel(handle);
    await expect(handle.result()).rejects.toThrow(JobCancelledError);
    expect(orders.done).toEqual(['before']);
  });

  it('refuses what is no name, no action, or waits for itself', async () => {
    const { jobs } = await boot();
    const failure = async (how: 'name' | 'action' | 'nested') => {
      const handle = await jobs.enqueue(Orders, (s) => s.misused(how));
      return handle.result().catch((error: Error) => error.message);
    };
    expect(await failure('name')).toContain('expected a text of 1 to 256 characters');
    expect(await failure('action')).toContain('expected a function, got "charge()"');
    expect(await failure('nested')).toContain('inside of that very step');
  });

  it('holds for the one run of a tick that is stored nowhere', async () => {
    const app = await createJobsApp(engine, {
      imports: [ScheduleModule.forRoot()],
      providers: [Ticking],
    });
    expect(await app.module.get(Ticking).ran.promise).toEqual([2, 2]);
  });
});
