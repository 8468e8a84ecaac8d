import { Injectable } from '@nestjs/common';
import {
  Continuation,
  ContinuationSkippedError,
  InvalidInvocationError,
  Job,
  JobCancelledError,
  JobContext,
  JobNotFoundError,
  Recurring,
  type JobEnding,
  type JobError,
} from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

interface Order {
  id: string;
  total: bigint;
  lines: { sku: string }[];
}

@Injectable()
class Shop {
  readonly log: string[] = [];
  gate = signal();
  started = signal();
  broken = true;

  @Job({ attempts: 1 })
  async process(id: string): Promise<Order> {
    this.log.push(`process ${id}`);
    return { id, total: 12n, lines: [{ sku: 'pen' }] };
  }

  @Job({ attempts: 1 })
  async wait(id: string): Promise<string> {
    this.started.resolve();
    await this.gate.promise;
    this.log.push(`waited ${id}`);
    return id;
  }

  @Job({ attempts: 1 })
  async fail(id: string): Promise<string> {
    this.log.push(`fail ${id}`);
    if (this.broken) throw new RangeError(`no stock of ${id}`);
    return id;
  }

  @Job()
  async ship(order: Order): Promise<string> {
    this.log.push(`ship ${order.id} for ${typeof order.total} ${order.total}`);
    return `shipment of ${order.id}`;
  }

  @Job({ queue: 'other' })
  async note(...words: string[]): Promise<string> {
    this.log.push(words.join(' '));
    return words.join(' ');
  }

  @Job()
  async report(error: JobError): Promise<void> {
    this.log.push(`${error.name}: ${error.message}`);
  }

  @Job()
  async end(ending: JobEnding): Promise<void> {
    this.log.push(
      `${ending.status} ${'error' in ending ? ending.error.name : String(ending.result)}`,
    );
  }

  @Job()
  async nested(value: {
    order: { sku: string | undefined };
    list: (string | number)[];
  }): Promise<void> {
    this.log.push(JSON.stringify(value));
  }
}

@Injectable()
class Declared {
  readonly log: string[] = [];
  fails = true;

  constructor(private readonly context: JobContext) {}

  @Job({ attempts: 2, backoff: { type: 'fixed', delay: 1 } })
  async order(id: string): Promise<{ id: string }> {
    if (id === 'bad') throw new Error('bad order');
    if (id === 'second' && this.context.attempt === 1) throw new Error('not yet');
    return { id };
  }

  @Continuation({ after: [Declared, 'order'], queue: 'mail', attempts: 1 })
  async notify(order: { id: string }): Promise<string> {
    this.log.push(`notify ${order.id}`);
    return order.id;
  }

  @Continuation({ after: () => [Declared, 'notify'] })
  async archive(id: string): Promise<void> {
    this.log.push(`archive ${id}`);
  }

  @Continuation({ after: [Declared, 'order'], on: 'failed' })
  async alarm(error: JobError): Promise<void> {
    this.log.push(`alarm ${error.name} ${error.message}`);
  }

  @Continuation({ after: [Declared, 'tick'], on: 'finished' })
  async ticked(ending: JobEnding<number>): Promise<void> {
    this.log.push(`ticked ${ending.status}`);
  }

  @Recurring('0 0 1 1 *', { id: 'yearly' })
  async tick(): Promise<number> {
    return 1;
  }
}

describeEngines('continuations', (engine) => {
  const boot = async (options = {}, isolation?: ReturnType<typeof engine.isolation>) => {
    const app = await createJobsApp(engine, {
      providers: [Shop],
      // The sweep of this lock is slow: nothing that is missed here is repaired in time.
      options,
      ...(isolation && { isolation }),
    });
    return { ...app, shop: app.module.get(Shop) };
  };

  it('run after the job, with its result', async () => {
    const { jobs, shop } = await boot();
    const order = await jobs.enqueue(Shop, (s) => s.wait('o-1'));
    const next = await jobs.continueWith(order, Shop, (s, id) => s.note('after', id));
    expect(await next.state()).toBe('waiting-children');
    expect(await next.details()).toMatchObject({
      name: 'Shop.note',
      queue: 'other',
      state: 'waiting-children',
    });
    expect((await jobs.get(next))?.id).toBe(next.id);
    shop.gate.resolve();
    expect(await next.result()).toBe('after o-1');
    expect(shop.log).toEqual(['waited o-1', 'after o-1']);
    expect(await next.state()).toBe('completed');
  });

  it('run at once when the job has ended already', async () => {
    const { jobs, shop } = await boot();
    const order = await jobs.enqueue(Shop, (s) => s.process('o-1'));
    await order.result();
    const next = await jobs.continueWith(order, Shop, (s, o) => s.ship(o));
    expect(await next.result()).toBe('shipment of o-1');
    const failed = await jobs.enqueue(Shop, (s) => s.fail('o-2'));
    await expect(failed.result()).rejects.toThrow('no stock');
    await (await jobs.continueWith(failed, Shop, (s, e) => s.report(e), { on: 'failed' })).result();
    expect(shop.log.at(-1)).toBe('RangeError: no stock of o-2');
    expect(shop.log).toContain('ship o-1 for bigint 12');
  });

  it('pass on properties of the result, inside of other arguments too', async () => {
    const { jobs, shop } = await boot();
    const order = await jobs.enqueue(Shop, (s) => s.process('o-1'));
    const next = await jobs.continueWith(order, Shop, (s, o) =>
      s.nested({ order: { sku: o.lines[0]?.sku }, list: [1, o.id] }),
    );
    await next.result();
    expect(JSON.parse(shop.log.at(-1)!)).toEqual({ order: { sku: 'pen' }, list: [1, 'o-1'] });
  });

  it('follow a job that is known by its queue and id, or its id alone', async () => {
    const { jobs } = await boot();
    const { id, queue } = await jobs.enqueue(Shop, (s) => s.process('o-1'));
    await (await jobs.continueWith({ queue, id }, Shop, (s) => s.note('one'))).result();
    await (await jobs.continueWith(id, Shop, (s) => s.note('two'))).result();
    await expect(jobs.continueWith('nobody', Shop, (s) => s.note('x'))).rejects.toThrow(
      JobNotFoundError,
    );
    await expect(
      jobs.continueWith({ queue: 'default', id: 'nobody' }, Shop, (s) => s.note('x')),
    ).rejects.toThrow(/nobody.*not in the store/);
  });

  it('fan out: many of one job, each once', async () => {
    const { jobs, shop } = await boot();
    const job = await jobs.enqueue(Shop, (s) => s.wait('o-1'));
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, i) => jobs.continueWith(job, Shop, (s) => s.note(`n${i}`))),
    );
    shop.gate.resolve();
    await Promise.all(all.map((next) => next.result()));
    expect(shop.log.slice(1).toSorted()).toEqual(
      Array.from({ length: 50 }, (_, i) => `n${i}`).toSorted(),
    );
  });

  it('fan in: once, when all have ended', async () => {
    const { jobs, shop } = await boot();
    const a = await jobs.enqueue(Shop, (s) => s.process('a'));
    const b = await jobs.enqueue(Shop, (s) => s.wait('b'));
    const next = await jobs.continueWith([a, b], Shop, (s, [order, id]) => s.note(order.id, id));
    await a.result();
    await shop.started.promise;
    expect(await next.state()).toBe('waiting-children');
    shop.gate.resolve();
    expect(await next.result()).toBe('a b');
    expect(shop.log.filter((line) => line === 'a b')).toHaveLength(1);
  });

  it('skip those that want another end, with the reason, down the chain', async () => {
    const { jobs, shop } = await boot();
    const job = await jobs.enqueue(Shop, (s) => s.fail('o-1'));
    const next = await jobs.continueWith(job, Shop, (s, id) => s.note(id));
    const last = await jobs.continueWith(next, Shop, (s, text) => s.note(text));
    const cleanUp = await jobs.continueWith(next, Shop, (s, end) => s.end(end), { on: 'finished' });
    await expect(next.result()).rejects.toThrow(ContinuationSkippedError);
    await expect(next.result()).rejects.toThrow(/"Shop.fail" before it failed: no stock of o-1/);
    await expect(last.result()).rejects.toThrow(/Shop.note.*was skipped/);
    expect(await last.state()).toBe('removed');
    await cleanUp.result();
    expect(shop.log).toEqual(['fail o-1', 'cancelled ContinuationSkippedError']);
    const ok = await jobs.enqueue(Shop, (s) => s.process('o-2'));
    const never = await jobs.continueWith(ok, Shop, (s, e) => s.report(e), { on: 'failed' });
    await expect(never.result()).rejects.toThrow(/before it has completed/);
  });

  it('wait again when the failed job is retried', async () => {
    const { jobs, shop } = await boot();
    const job = await jobs.enqueue(Shop, (s) => s.fail('o-1'));
    const next = await jobs.continueWith(job, Shop, (s, id) => s.note('next', id));
    const last = await jobs.continueWith(next, Shop, (s, text) => s.note('last', text));
    await expect(last.result()).rejects.toThrow(ContinuationSkippedError);
    shop.broken = false;
    await jobs.retry(job);
    expect(await last.result()).toBe('last next o-1');
  });

  it('see a cancelled or removed job as cancelled', async () => {
    const { jobs, isolation } = await boot({ workers: false });
    const [a, b] = [
      await jobs.enqueue(Shop, (s) => s.process('a')),
      await jobs.enqueue(Shop, (s) => s.process('b')),
    ];
    const skipped = await jobs.continueWith(a, Shop, (s, o) => s.ship(o));
    const told = await jobs.continueWith(a, Shop, (s, e) => s.report(e), { on: 'failed' });
    const ended = await jobs.continueWith(b, Shop, (s, e) => s.end(e), { on: 'finished' });
    await jobs.cancel(a, 'not needed');
    await jobs.remove(b);
    const { shop } = await boot({}, isolation);
    await Promise.all([told.result(), ended.result()]);
    await expect(skipped.result()).rejects.toThrow(JobCancelledError);
    await expect(skipped.result()).rejects.toThrow(/not needed/);
    expect(shop.log.toSorted()).toEqual([
      expect.stringMatching(/^JobCancelledError: .*not needed/),
      'cancelled JobCancelledError',
    ]);
  });

  it('can be cancelled while they wait', async () => {
    const { jobs, shop } = await boot();
    const job = await jobs.enqueue(Shop, (s) => s.wait('o-1'));
    const next = await jobs.continueWith(job, Shop, (s, id) => s.note(id));
    const told = await jobs.continueWith(next, Shop, (s, e) => s.report(e), { on: 'failed' });
    expect(await jobs.cancel(next, 'changed my mind')).toBe(true);
    expect(await jobs.cancel(next)).toBe(false);
    await expect(next.result()).rejects.toThrow(/was cancelled: changed my mind/);
    await told.result();
    shop.gate.resolve();
    await job.result();
    expect(shop.log).toEqual([expect.stringMatching(/^JobCancelledError/), 'waited o-1']);
  });

  it('run in a chain, from step to step', async () => {
    const { jobs, shop } = await boot();
    // oxlint-disable promise/valid-params -- a chain is no promise
    const last = await jobs
      .chain()
      .then(Shop, (s) => s.process('o-1'))
      .then(Shop, (s, order) => s.ship(order))
      .then(Shop, (s, shipment) => s.note('sent', shipment), { id: 'the-end' })
      .enqueue();
    // oxlint-enable promise/valid-params
    expect(last.id).toBe('the-end');
    expect(await last.result()).toBe('sent shipment of o-1');
    expect(shop.log).toEqual(['process o-1', 'ship o-1 for bigint 12', 'sent shipment of o-1']);
    expect(
      await (
        await jobs
          .chain()
          .then(Shop, (s) => s.note('alone'))
          .enqueue()
      ).result(),
    ).toBe('alone');
  });

  it('refuse an await of a chain that was not enqueued, and an empty one', async () => {
    const { jobs } = await boot({ workers: false });
    // oxlint-disable-next-line typescript/await-thenable -- the mistake that is tested
    const awaited = (async () => await (jobs.chain().then(Shop, (s) => s.note('x')) as unknown))();
    await expect(awaited).rejects.toThrow(/Expected .enqueue\(\)/);
    await expect(jobs.chain().enqueue()).rejects.toThrow(InvalidInvocationError);
  });

  it('refuse at the call what cannot work', async () => {
    const { jobs } = await boot({ workers: false });
    const job = await jobs.enqueue(Shop, (s) => s.process('o-1'));
    const refusal = (call: (s: Shop, o: Order) => unknown, options = {}): Promise<unknown> =>
      jobs.continueWith(job, Shop, call, options).then(
        () => 'none',
        (error: unknown) => error,
      );
    const faults: [(s: Shop, o: Order) => unknown, RegExp, object?][] = [
      [(s, o) => s.note(`order ${o.id}`), /InvalidInvocationError.*put "result.id" into a text/],
      [
        (s, o) => s.note(o.id + '!'),
        /for Shop.note\(\).*"result.id".*second parameter.*\(s, result\) => s.note\(result.id\)/,
      ],
      [
        (s, o) => s.note(...o.lines.map((l) => l.sku)),
        /called "result.lines.map".*s.note\(result.lines\).* in Shop.note\(\)/,
      ],
      [(s, o) => s.ship({ ...o }), /spread/],
      [(s, o) => s.note(o.total.toString()), /converted/],
      [() => undefined, /made no call/],
      [(s) => s.note('x'), /"on" expected 'completed', 'failed'/, { on: 'success' }],
      [(s) => s.note('x'), /InvalidEnqueueOptionsError/, { attempts: 0 }],
      [(s) => s.note('x'), /"idempotencyKey" expected enqueue/, { idempotencyKey: 'k' }],
      [(s) => s.note('x'), /DuplicateJobError/, { id: job.id, queue: 'default' }],
    ];
    for (const [call, message, options] of faults)
      expect(String(await refusal(call, options))).toMatch(message);
    const ofSeveral = jobs.continueWith([job, job], Shop, (s, [, second]) =>
      s.note(second.id + '!'),
    );
    await expect(ofSeveral).rejects.toThrow(
      /"results\[1\].id".*\(s, results\) => s.note\(results\[1\].id\)/,
    );
    const ofBatch = jobs.batch((b) => void b.enqueue(Shop, (s) => s.note('x')), {
      onFinished: [Shop, (s, batch) => s.note(`${batch.failed} failed`)],
    });
    await expect(ofBatch).rejects.toThrow(
      /for Shop.note\(\).*"batch.failed".*\(s, batch\) => s.note\(batch.failed\)/,
    );
    await expect(jobs.continueWith([] as never, Shop, (s) => s.note('x'))).rejects.toThrow(
      /at least one/,
    );
    await expect(jobs.continueWith(undefined as never, Shop, (s) => s.note('x'))).rejects.toThrow(
      /Expected a job's handle/,
    );
  });

  it('carry the context of whoever asked for them', async () => {
    let tenant = 'none';
    const seen: string[] = [];
    const context = {
      capture: () => tenant,
      restore: (value: unknown, run: () => unknown) => {
        seen.push(String(value));
        return run();
      },
    };
    const { jobs } = await boot({ context });
    tenant = 'a';
    const job = await jobs.enqueue(Shop, (s) => s.process('o-1'));
    tenant = 'b';
    const next = await jobs.continueWith(job, Shop, (s, o) => s.ship(o));
    tenant = 'c';
    await next.result();
    expect(seen).toEqual(['a', 'b']);
  });
});

@Injectable()
class Wrong {
  @Continuation({ after: [Shop, 'process'] })
  notify(): void {}
}

describeEngines('@Continuation()', (engine) => {
  it('is refused at boot where it follows what this application has not', async () => {
    await expect(createJobsApp(engine, { providers: [Wrong] })).rejects.toThrow(
      /@Continuation\(\) on Wrong.notify: "after" expected a @Job\(\).*got Shop.process, which is none/,
    );
  });

  const boot = async () => {
    const app = await createJobsApp(engine, { providers: [Declared] });
    const declared = app.module.get(Declared);
    const log = async (count: number): Promise<string[]> => {
      await expect
        .poll(() => declared.log.length, { timeout: 10_000, interval: 20 })
        .toBeGreaterThanOrEqual(count);
      return declared.log;
    };
    return { ...app, declared, log };
  };

  it('follows each job of a handler, and is followed itself', async () => {
    const { jobs, log } = await boot();
    await jobs.enqueue(Declared, (s) => s.order('o-1'));
    expect(await log(2)).toEqual(['notify o-1', 'archive o-1']);
  });

  it('follows a job that succeeds at its second attempt, once', async () => {
    const { jobs, log } = await boot();
    await jobs.enqueue(Declared, (s) => s.order('second'));
    expect(await log(2)).toEqual(['notify second', 'archive second']);
  });

  it('follows jobs that were added by hand, and runs of recurring jobs', async () => {
    const { jobs, log } = await boot();
    await jobs.enqueueByName('Declared.order', ['by-hand']);
    expect(await log(2)).toEqual(['notify by-hand', 'archive by-hand']);
    await jobs.recurring.trigger('yearly');
    expect(await log(3)).toEqual(['notify by-hand', 'archive by-hand', 'ticked completed']);
  });

  it('follows a failure, each time that the job fails for good', async () => {
    const { jobs, log } = await boot();
    const job = await jobs.enqueue(Declared, (s) => s.order('bad'));
    expect(await log(1)).toEqual(['alarm Error bad order']);
    await jobs.retry(job);
    expect(await log(2)).toEqual(['alarm Error bad order', 'alarm Error bad order']);
  });

  it('follows the cancellation of a job that had not started', async () => {
    const { jobs, log } = await boot();
    const job = await jobs.schedule(Declared, (s) => s.order('late'), { delay: '1 day' });
    await jobs.cancel(job, 'too late');
    expect(await log(1)).toEqual([
      `alarm JobCancelledError Job "Declared.order" (id ${job.id}) in queue "default" was cancelled: too late.`,
    ]);
  });
});
