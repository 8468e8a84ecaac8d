import { Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { InvalidArgumentsError, Job, JobFailedError } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp, type JobsApp } from '../../support/jobs-app.js';

const Order = z.object({
  id: z.coerce.number().int().positive(),
  note: z.string().trim().default('none'),
  lines: z.array(z.object({ sku: z.string().min(1), amount: z.number().int().min(1) })).default([]),
});

/** A check that needs a database would be asynchronous like this one. */
const Known = z.string().refine(async (name) => name !== 'nobody', 'is not known');

const RETRIED = { attempts: 3, backoff: { type: 'fixed', delay: 1, jitter: 0 } } as const;

@Injectable()
class Orders {
  readonly seen: unknown[] = [];

  @Job({ queue: 'orders', schema: Order, ...RETRIED })
  place(order: z.input<typeof Order>): unknown {
    this.seen.push(order);
    return order;
  }

  @Job({ queue: 'orders', schema: [z.string().toUpperCase(), undefined, z.number().default(7)] })
  list(...args: unknown[]): unknown[] {
    this.seen.push(args);
    return args;
  }

  @Job({ queue: 'orders', schema: Known })
  greet(name: string): string {
    this.seen.push(name);
    return `Hello ${name}`;
  }
}

describeEngines('schemas', (engine) => {
  const boot = () => createJobsApp(engine, { providers: [Orders] });
  const queueOf = ({ module }: JobsApp) => module.get<Queue>('BullQueue_orders');
  const countAll = (app: JobsApp) =>
    queueOf(app).getJobCountByTypes('waiting', 'active', 'delayed', 'completed', 'failed');

  it('refuses bad arguments at enqueue, with every issue, and stores nothing', async () => {
    const app = await boot();
    const bad = { id: 'seven', lines: [{ sku: '', amount: 1 }] };
    const error = await app.jobs.enqueue(Orders, (s) => s.place(bad)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InvalidArgumentsError);
    const { issues, message } = error as InvalidArgumentsError;
    expect(issues).toEqual([
      expect.stringMatching(/^args\[0\]\.id: /),
      expect.stringMatching(/^args\[0\]\.lines\.0\.sku: /),
    ]);
    expect(message).toContain('job "Orders.place" in queue "orders"');
    await expect(
      app.jobs.schedule(Orders, (s) => s.place(bad), { delay: '1 day' }),
    ).rejects.toThrow(InvalidArgumentsError);
    await expect(app.jobs.enqueueByName('Orders.place', [bad])).rejects.toThrow(
      InvalidArgumentsError,
    );
    expect(await countAll(app)).toBe(0);
  });

  it('stores arguments as they were given, and transforms them at execution', async () => {
    const { jobs, module } = await boot();
    const given = { id: '42', note: ' fragile ' };
    const handle = await jobs.enqueue(Orders, (s) => s.place(given));
    const expected = { id: 42, note: 'fragile', lines: [] };
    expect(await handle.result()).toEqual(expected);
    expect(module.get(Orders).seen).toEqual([expected]);
    expect((await handle.details()).args).toEqual([given]);
  });

  it('takes a schema for each argument; those without one stay as they are', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Orders, (s) => s.list('a', { any: 'thing' }, undefined));
    expect(await handle.result()).toEqual(['A', { any: 'thing' }, 7]);
    const short = await jobs.enqueue(Orders, (s) => s.list('b'));
    expect(await short.result()).toEqual(['B', undefined, 7]);
    await expect(jobs.enqueue(Orders, (s) => s.list(1, 2, 'three'))).rejects.toThrow(
      /args\[0\]: .*; args\[2\]: /,
    );
  });

  it('takes asynchronous schemas, and tells the good from the bad of many', async () => {
    const { jobs } = await boot();
    const outcomes = await jobs.enqueueMany(Orders, ['Ada', 'nobody', 'Grace'], (s, name) =>
      s.greet(name),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const [ada, nobody] = outcomes;
    expect(nobody!.status === 'rejected' && String(nobody!.reason)).toMatch(/is not known/);
    expect(ada!.status === 'fulfilled' && (await ada!.value.result())).toBe('Hello Ada');
  });

  it('fails a bad stored payload at once, without a retry and without the handler', async () => {
    const app = await boot();
    const bad = await queueOf(app).add(
      'Orders.place',
      { args: [{ id: 'seven' }] },
      { jobId: 'bad-one', attempts: 3, backoff: { type: 'jobs' } },
    );
    const handle = (await app.jobs.get({ queue: 'orders', id: bad.id! }))!;
    const error = await handle.result({ timeout: 10_000 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(JobFailedError);
    expect((error as Error).message).toMatch(/not valid: args\[0\]\.id: /);
    expect(await handle.details()).toMatchObject({ state: 'failed', attemptsMade: 1 });
    expect(app.module.get(Orders).seen).toEqual([]);

    const good = await app.jobs.enqueue(Orders, (s) => s.place({ id: 1 }));
    expect(await good.result()).toMatchObject({ id: 1 });
  });
});
