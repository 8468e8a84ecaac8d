import { Injectable } from '@nestjs/common';
import { getQueueToken } from '@nestjs/bullmq';
import type { Queue } from 'bullmq';
import {
  IdempotencyKeyReusedError,
  InvalidEnqueueOptionsError,
  Job,
  JobCancelledError,
  JobContext,
  type JobHandle,
} from 'nestjs-jobs';
import { expect, it, vi } from 'vitest';
import { beginTransaction } from '../../support/app-transaction.js';
import { describeEngines, describeEnginesWith, type Isolation } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

@Injectable()
class Payments {
  readonly charged: unknown[] = [];
  readonly release = signal();
  fails = false;

  constructor(private readonly context: JobContext) {}

  @Job()
  async charge(order: unknown): Promise<{ order: unknown; at: Date }> {
    this.charged.push(order);
    if (this.fails) throw new Error('card declined');
    return { order, at: new Date(7) };
  }

  @Job({ attempts: 1 })
  async refund(order: string): Promise<string> {
    this.charged.push(order);
    if (this.fails) throw new Error('declined');
    await this.release.promise;
    return `refund of ${order} by ${this.context.id}`;
  }

  @Job()
  async report(length: number): Promise<string> {
    this.charged.push(length);
    return 'x'.repeat(length);
  }
}

const ORDER = { idempotencyKey: 'order-42' };

describeEngines('idempotencyKey', (engine) => {
  const boot = async (options = {}, isolation?: Isolation) => {
    const app = await createJobsApp(engine, {
      providers: [Payments],
      options,
      ...(isolation && { isolation }),
    });
    const payments = app.module.get(Payments);
    const charge = (order: unknown, options_: object = ORDER) =>
      app.jobs.enqueue(Payments, (s) => s.charge(order), { ...options_ });
    const queue = app.module.get<Queue>(getQueueToken('default'));
    return { ...app, payments, charge, queue };
  };

  const failed = async (handle: JobHandle) => {
    await expect(handle.result()).rejects.toThrow('declined');
    expect(await handle.state()).toBe('failed');
  };

  it('gives the second caller the job of the first, which runs once', async () => {
    const { jobs, payments } = await boot();
    const refund = () => jobs.enqueue(Payments, (s) => s.refund('o-1'), ORDER);
    const [first, second] = [await refund(), await refund()];
    expect(second.id).toBe(first.id);
    payments.release.resolve();
    expect(await second.result()).toBe(`refund of o-1 by ${first.id}`);
    expect(payments.charged).toEqual(['o-1']);
  });

  it('does not run a completed key again, and knows its result when the job is gone', async () => {
    const { jobs, payments, charge } = await boot();
    const first = await charge('o-1');
    const result = await first.result();
    await jobs.remove(first);
    const second = await charge('o-1');
    expect(second.id).toBe(first.id);
    expect(await second.result()).toEqual(result);
    expect(result).toEqual({ order: 'o-1', at: new Date(7) });
    expect(payments.charged).toHaveLength(1);
  });

  it('runs it again when its window is over', async () => {
    const { payments, charge } = await boot();
    const short = { ...ORDER, idempotencyWindow: '200ms' };
    const first = await charge('o-1', short);
    await first.result();
    expect((await charge('o-1', short)).id).toBe(first.id);
    await vi.waitUntil(async () => (await charge('o-1', short)).id !== first.id, 5_000);
    await vi.waitUntil(() => payments.charged.length === 2, 5_000);
  });

  it('stores one job for callers of many processes at once', async () => {
    const producers = [await boot({ workers: false })];
    const { isolation } = producers[0]!;
    producers.push(await boot({ workers: false }, isolation));
    const calls = Array.from({ length: 40 }, (_, i) => producers[i % 2]!.charge('o-1'));
    const handles = await Promise.all(calls);
    expect(new Set(handles.map(({ id }) => id)).size).toBe(1);
    expect(await producers[0]!.queue.getJobCountByTypes('wait')).toBe(1);
    const { payments } = await boot({}, isolation);
    await handles[0]!.result();
    expect(payments.charged).toHaveLength(1);
  });

  it('frees the key of a job that failed for good', async () => {
    const { payments, charge } = await boot();
    payments.fails = true;
    const once = { ...ORDER, attempts: 1 };
    const first = await charge('o-1', once);
    await failed(first);
    payments.fails = false;
    // Other arguments are as good, since the key is free.
    const second = await charge('o-2', once);
    expect(second.id).not.toBe(first.id);
    expect(await second.result()).toMatchObject({ order: 'o-2' });
  });

  it('frees the key of a job that was cancelled before it started', async () => {
    const { jobs, charge } = await boot();
    const first = await jobs.schedule(Payments, (s) => s.charge('o-1'), {
      ...ORDER,
      delay: '1 day',
    });
    await jobs.cancel(first);
    await expect(first.result()).rejects.toThrow(JobCancelledError);
    const second = await charge('o-1');
    expect(second.id).not.toBe(first.id);
    await second.result();
  });

  it('stores the job that a crash or a removal kept from the store, under the id it had', async () => {
    const producer = await boot({ workers: false });
    const first = await producer.charge('o-1');
    await producer.jobs.remove(first);
    const [second, third] = await Promise.all([producer.charge('o-1'), producer.charge('o-1')]);
    expect([second.id, third.id]).toEqual([first.id, first.id]);
    const { payments } = await boot({}, producer.isolation);
    await second.result();
    expect(payments.charged).toHaveLength(1);
  });

  it('gives the key of a removed job to a call with other arguments', async () => {
    const producer = await boot({ workers: false });
    const first = await producer.charge('o-1');
    await producer.jobs.remove(first);
    const second = await producer.charge('o-2');
    expect((await second.details()).args).toEqual(['o-2']);
    await expect(producer.charge('o-1')).rejects.toThrow(IdempotencyKeyReusedError);
  });

  it('refuses the key with other arguments, and tells of the job that has it', async () => {
    const { jobs, payments, charge } = await boot();
    const first = await charge({ id: 1, lines: ['a'] });
    await first.result();
    const error = await charge({ id: 1, lines: ['b'] }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(IdempotencyKeyReusedError);
    expect((error as Error).message).toContain('"order-42"');
    expect((await jobs.get(error as IdempotencyKeyReusedError))?.id).toBe(first.id);
    expect((await charge({ lines: ['a'], id: 1 })).id).toBe(first.id);
    expect(payments.charged).toHaveLength(1);
  });

  it('is of one handler', async () => {
    const { jobs, payments, charge } = await boot();
    payments.release.resolve();
    const first = await charge('o-1');
    const other = await jobs.enqueue(Payments, (s) => s.refund('o-1'), ORDER);
    expect(other.id).not.toBe(first.id);
    await Promise.all([first.result(), other.result()]);
    expect(payments.charged).toHaveLength(2);
  });

  it('works for many at once, later jobs and jobs by name', async () => {
    const { jobs, payments, charge } = await boot();
    const many = await jobs.enqueueMany(
      Payments,
      ['o-1', 'o-1', 'o-2'],
      (s, order) => s.charge(order),
      (order) => ({ idempotencyKey: order }),
    );
    const [clash] = await jobs.enqueueMany(Payments, ['o-4'], (s, order) => s.charge(order), {
      idempotencyKey: 'o-1',
    });
    const stored = many.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const ids = many.map((one) => (one.status === 'fulfilled' ? one.value.id : 'refused'));
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
    expect(clash).toMatchObject({
      status: 'rejected',
      reason: { name: 'IdempotencyKeyReusedError' },
    });
    const byName = await jobs.enqueueByName('Payments.charge', ['o-2'], { idempotencyKey: 'o-2' });
    expect(byName.id).toBe(ids[2]);
    const later = await jobs.schedule(Payments, (s) => s.charge('o-3'), {
      idempotencyKey: 'o-3',
      delay: '1 day',
    });
    expect((await charge('o-3', { idempotencyKey: 'o-3' })).id).toBe(later.id);
    await Promise.all(stored.map((handle) => handle.result()));
    expect(payments.charged).toHaveLength(2);
    expect(new Set(payments.charged)).toEqual(new Set(['o-1', 'o-2']));
  });

  it('completes without its handler what is run again after its result was recorded', async () => {
    const { payments, charge, queue } = await boot();
    const first = await charge('o-1');
    const result = await first.result();
    // As after a crash between the two.
    await (await queue.getJob(first.id))!.retry('completed');
    await vi.waitUntil(async () => (await first.state()) === 'completed', 5_000);
    expect(await first.result()).toEqual(result);
    expect(payments.charged).toHaveLength(1);
  });

  it('does not run a job that is retried by hand when another has done its work', async () => {
    const { jobs, payments, charge } = await boot();
    payments.fails = true;
    const once = { ...ORDER, attempts: 1 };
    const first = await charge('o-1', once);
    await failed(first);
    payments.fails = false;
    await (await charge('o-1', once)).result();
    await jobs.retry(first);
    expect(await first.result()).toMatchObject({ order: 'o-1' });
    expect(payments.charged).toHaveLength(2);
  });

  it('holds a job that is retried by hand while another does its work', async () => {
    const { jobs, payments } = await boot();
    const refund = () => jobs.enqueue(Payments, (s) => s.refund('o-1'), ORDER);
    payments.fails = true;
    const first = await refund();
    await failed(first);
    payments.fails = false;
    const second = await refund();
    await vi.waitUntil(() => payments.charged.length === 2, 5_000);
    await jobs.retry(first);
    await vi.waitUntil(async () => (await first.state()) === 'delayed', 5_000);
    payments.release.resolve();
    await second.result();
    await jobs.promote(first);
    expect(await first.result()).toBe(`refund of o-1 by ${second.id}`);
    expect((await first.details()).attemptsMade).toBe(1);
    expect(payments.charged).toHaveLength(2);
  });

  it('reads a result that is too large to be kept with the key from the job', async () => {
    const { jobs, payments } = await boot();
    const report = () => jobs.enqueue(Payments, (s) => s.report(100_000), ORDER);
    const first = await report();
    await first.result();
    expect(await (await report()).result()).toHaveLength(100_000);
    expect(payments.charged).toHaveLength(1);
  });

  it('refuses options that make no sense', async () => {
    const { charge, jobs } = await boot({ workers: false });
    const problem = (options: object) => charge('o-1', options).catch((e: Error) => e.message);
    expect(await problem({ idempotencyKey: '' })).toContain('expected a text of 1 to 256');
    expect(await problem({ ...ORDER, idempotencyWindow: 0 })).toContain('a duration above zero');
    expect(await problem({ idempotencyWindow: '1h' })).toContain('expected an "idempotencyKey"');
    expect(await problem({ ...ORDER, id: 'mine' })).toContain('at most one of "id"');
    await expect(
      jobs.enqueueByName('Payments.charge', ['o-1'], { ...ORDER, id: 'mine', delay: 5 }),
    ).rejects.toThrow('at most one of "id"');
    await expect(
      jobs.recurring.addOrUpdate('sync', Payments, (s) => s.charge('o-1'), '0 0 * * *', {
        ...ORDER,
      } as object),
    ).rejects.toThrow('unknown option "idempotencyKey"');
  });
});

describeEnginesWith('transactionalEnqueue', 'idempotencyKey in a transaction', (engine) => {
  it('is refused, with what to use instead', async () => {
    const { jobs } = await createJobsApp(engine, { providers: [Payments] });
    const transaction = await beginTransaction(engine);
    const tx = jobs.withTransaction(transaction.client);
    try {
      const answer = tx.enqueue(Payments, (s) => s.charge('o-1'), ORDER);
      await expect(answer).rejects.toThrow(InvalidEnqueueOptionsError);
      await expect(answer).rejects.toThrow('give "id"');
    } finally {
      await transaction.end('ROLLBACK');
      await transaction.close();
    }
  });
});
