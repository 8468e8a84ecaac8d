import { getQueueToken } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import {
  Job,
  Jobs,
  UnserializableValueError,
  type BackoffOptions,
  type JobHandle,
  type JobsModuleOptions,
} from 'nestjs-jobs';
import type { Queue } from 'bullmq';
import { expect, it, onTestFinished } from 'vitest';
import { beginTransaction } from '../../support/app-transaction.js';
import { describeEngines, describeEnginesWith } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

let limitsAsked = 0;

@Injectable()
@Jobs({ queue: 'values' })
class Values {
  @Job()
  echo(...args: unknown[]): unknown[] {
    return args;
  }

  @Job({ concurrency: { key: (list: number[]) => String(list.splice(0)) } })
  emptied(list: number[]): number[] {
    return list;
  }

  @Job({
    concurrency: {
      key: (name: string) => name,
      limit: (name: string) => {
        limitsAsked += 1;
        if (name === 'fickle' && limitsAsked > 1) throw new Error('asked once too often');
        return 1;
      },
    },
  })
  limited(name: string): string {
    return name;
  }

  /** Returns what goes on changing. */
  @Job()
  live(): Record<string, unknown> {
    const state: Record<string, unknown> = { n: 1 };
    setImmediate(() => {
      state.n = 2;
      state.self = state;
    });
    return state;
  }
}

const argsOf = async (handle: JobHandle) => (await handle.details()).args;

/** A value that says something else each time it is read. */
function fickle(): { n: number } {
  let reads = 0;
  return {
    get n() {
      reads += 1;
      return reads;
    },
  };
}

describeEngines('what a value is at the call', (engine) => {
  /** Nothing runs: what is stored can be looked at. */
  const boot = (options: JobsModuleOptions = {}) =>
    createJobsApp(engine, { providers: [Values], options: { workers: false, ...options } });

  it('is stored by enqueue() and schedule(), whatever becomes of it', async () => {
    const { jobs } = await boot();
    const row = { n: 0, list: [0] };
    const at = new Date(0);
    const calls: Promise<JobHandle>[] = [];
    for (const n of [0, 1, 2]) {
      row.n = n;
      at.setTime(n);
      row.list[0] = n;
      calls.push(jobs.enqueue(Values, (s) => s.echo(row)));
      calls.push(jobs.schedule(Values, (s) => s.echo(row), { delay: '1 h' }));
      calls.push(jobs.enqueueByName('Values.echo', [row, at]));
      calls.push(jobs.enqueueByName('Elsewhere.echo', [row], { queue: 'values' }));
    }
    row.n = 9;
    const stored = await Promise.all((await Promise.all(calls)).map(argsOf));
    const expected = [0, 1, 2].flatMap((n) => {
      const args = [{ n, list: [n] }];
      return [args, args, [...args, new Date(n)], args];
    });
    expect(stored).toEqual(expected);
  });

  it('is stored by enqueueMany() and a batch', async () => {
    const { jobs } = await boot();
    const rows = [{ n: 0 }, { n: 1 }];
    const many = jobs.enqueueMany(Values, rows, (s, row) => s.echo(row));
    const parts: JobHandle[] = [];
    const batch = jobs.batch((b) => {
      const shared = { n: 0 };
      for (shared.n = 0; shared.n < 2; shared.n += 1)
        parts.push(b.enqueue(Values, (s) => s.echo(shared)));
      parts.push(...b.enqueueMany(Values, rows, (s, row) => s.echo(row)));
    });
    for (const row of rows) row.n = 9;
    const outcomes = await many;
    const handles = outcomes.map((o) => (o as PromiseFulfilledResult<JobHandle>).value);
    await batch;
    expect(await Promise.all([...handles, ...parts].map(argsOf))).toEqual(
      [0, 1, 0, 1, 0, 1].map((n) => [{ n }]),
    );
  });

  it('is stored by continueWith() and a chain', async () => {
    const { jobs } = await createJobsApp(engine, { providers: [Values] });
    const row = { n: 1 };
    const chain = jobs
      .chain()
      .then(Values, (s) => s.echo(row))
      .then(Values, (s, before) => s.echo(before, row));
    row.n = 2;
    const chained = chain.enqueue();
    row.n = 3;
    const first = await jobs.enqueue(Values, (s) => s.echo(row));
    const refs = [{ queue: first.queue, id: first.id }] as [{ queue: string; id: string }];
    const continued = jobs.continueWith(refs, Values, (s, [before]) => s.echo(before, row));
    row.n = 4;
    refs[0].id = 'another';
    expect(await (await chained).result()).toEqual([[{ n: 1 }], { n: 1 }]);
    expect(await (await continued).result()).toEqual([[{ n: 3 }], { n: 3 }]);
  });

  it('is stored by recurring.addOrUpdate()', async () => {
    const { jobs } = await boot();
    const row = { n: 1 };
    const recurrence = { every: '1 h' };
    const options = { limit: 5, attempts: 2 };
    const made = jobs.recurring.addOrUpdate(
      'values',
      Values,
      (s) => s.echo(row),
      recurrence,
      options,
    );
    row.n = 2;
    recurrence.every = '2 h';
    options.limit = 6;
    await made;
    expect(await argsOf(await jobs.recurring.trigger('values'))).toEqual([{ n: 1 }]);
    expect(await jobs.recurring.get('values')).toMatchObject({
      recurrence: 'every 3600000 ms',
      settings: { limit: 5 },
    });
  });

  it('is what its idempotency key stands for', async () => {
    const { jobs } = await boot();
    const row = { n: 1 };
    const call = jobs.enqueue(Values, (s) => s.echo(row), { idempotencyKey: 'k' });
    row.n = 2;
    const handle = await call;
    expect(await argsOf(handle)).toEqual([{ n: 1 }]);
    const again = await jobs.enqueue(Values, (s) => s.echo({ n: 1 }), { idempotencyKey: 'k' });
    expect(again.id).toBe(handle.id);
  });

  it('is read once, with a key and without', async () => {
    const { jobs } = await boot();
    const plain = await jobs.enqueue(Values, (s) => s.echo(fickle()));
    const keyed = await jobs.enqueue(Values, (s) => s.echo(fickle()), { idempotencyKey: 'once' });
    const same = await jobs.enqueue(Values, (s) => s.echo({ n: 1 }), { idempotencyKey: 'once' });
    expect(await Promise.all([plain, keyed].map(argsOf))).toEqual([[{ n: 1 }], [{ n: 1 }]]);
    expect(same.id).toBe(keyed.id);
  });

  it('counts for options, too', async () => {
    const { jobs, module } = await boot();
    const delays = [10, 20];
    const at = new Date(Date.now() + 3_600_000);
    const due = at.getTime();
    let reads = 0;
    const options = {
      backoff: { type: 'delays', delays } satisfies BackoffOptions,
      at,
      get attempts() {
        reads += 1;
        return reads === 1 ? 3 : -1;
      },
    };
    const call = jobs.schedule(Values, (s) => s.echo(), options);
    delays.push('never' as never);
    at.setTime(0);
    const handle = await call;
    expect(reads).toBe(1);
    expect((await handle.details()).attempts).toBe(3);
    const queue = module.get<Queue>(getQueueToken('values'));
    const stored = (await queue.getJob(handle.id))!;
    expect(stored.opts.backoff).toEqual({
      type: 'jobs',
      policy: { type: 'delays', delays: [10, 20] },
    });
    expect(Math.abs(stored.timestamp + stored.delay - due)).toBeLessThan(1_000);
  });

  it('counts for the context that is captured', async () => {
    const tenant = { name: 'one' };
    const { jobs, module } = await boot({
      context: { capture: () => tenant, restore: (_c, run) => run() },
    });
    const call = jobs.enqueue(Values, (s) => s.echo());
    tenant.name = 'two';
    const handle = await call;
    const queue = module.get<Queue>(getQueueToken('values'));
    expect((await queue.getJob(handle.id))!.data).toMatchObject({ context: { name: 'one' } });
  });

  it('is not changed by the functions that make keys of it', async () => {
    const { jobs } = await boot();
    const list = [3, 1, 2];
    const handle = await jobs.enqueue(Values, (s) => s.emptied(list));
    expect(list).toEqual([3, 1, 2]);
    expect(await argsOf(handle)).toEqual([[3, 1, 2]]);
  });

  it('cannot be spoilt for others of the same flush', async () => {
    const { jobs } = await boot();
    const row: Record<string, unknown> = { n: 1 };
    const calls = [
      jobs.enqueue(Values, (s) => s.echo('before')),
      jobs.enqueue(Values, (s) => s.echo(row)),
      jobs.enqueue(Values, (s) => s.echo('after')),
    ];
    row.self = row;
    row.big = 1n;
    const refused = jobs.enqueue(Values, (s) => s.echo(row));
    await expect(refused).rejects.toThrow(UnserializableValueError);
    const stored = await Promise.all((await Promise.all(calls)).map(argsOf));
    expect(stored).toEqual([['before'], [{ n: 1 }], ['after']]);
  });

  it('has its limit asked for once, at the call', async () => {
    const { jobs } = await boot();
    limitsAsked = 0;
    const calls = ['fickle', 'steady'].map((name) => jobs.enqueue(Values, (s) => s.limited(name)));
    expect(await Promise.all((await Promise.all(calls)).map(argsOf))).toEqual([
      ['fickle'],
      ['steady'],
    ]);
    expect(limitsAsked).toBe(2);
  });

  it('is what a handler returned at its return', async () => {
    const { jobs } = await createJobsApp(engine, { providers: [Values] });
    // What it returned is recorded with the key first, and stored with the job then.
    const handle = await jobs.enqueue(Values, (s) => s.live(), { idempotencyKey: 'live' });
    expect(await handle.result()).toEqual({ n: 1 });
  });
});

describeEnginesWith(
  'transactionalEnqueue',
  'what a value is at the call, in a transaction',
  (engine) => {
    it('is stored', async () => {
      const app = await createJobsApp(engine, { providers: [Values], options: { workers: false } });
      const transaction = await beginTransaction(engine);
      onTestFinished(() => transaction.close());
      const rows = [{ n: 1 }, { n: 2 }];
      const call = app.jobs.withTransaction(transaction.client).enqueueMany(
        Values,
        rows,
        (s, row) => s.echo(row),
        (_row, i) => ({ queue: `values-${i}` }),
      );
      for (const row of rows) row.n = 9;
      const handles = (await call).map((o) => (o as PromiseFulfilledResult<JobHandle>).value);
      await transaction.end('COMMIT');
      expect(await Promise.all(handles.map(argsOf))).toEqual([[{ n: 1 }], [{ n: 2 }]]);
    });
  },
);
