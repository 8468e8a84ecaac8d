import { Injectable, type Type } from '@nestjs/common';
import {
  type BatchSummary,
  DuplicateJobError,
  InvalidInvocationError,
  Job,
  Jobs,
  JobsConfigurationError,
  Recurring,
  type JobsModuleOptions,
} from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { beginTransaction } from '../../support/app-transaction.js';
import { describeEngines, describeEnginesWith, type EngineFixture } from '../../support/engines.js';
import { createJobsApp, signal, type JobsApp } from '../../support/jobs-app.js';

/** What only the process that works has. */
const made: unknown[] = [];

@Injectable()
@Jobs({ queue: 'mails' })
class Mails {
  readonly sent: string[] = [];
  readonly reported: unknown[] = [];

  constructor() {
    made.push(this);
  }

  @Job({ attempts: 7, priority: 3 })
  async send(to: string): Promise<string> {
    this.sent.push(to);
    return `sent to ${to}`;
  }

  @Job({ name: 'mails.report', queue: 'reports' })
  async report(what: unknown): Promise<string> {
    this.reported.push(what);
    return `report of ${JSON.stringify(what)}`;
  }

  @Job({ concurrency: { key: (tenant: string) => tenant, limit: 3 } })
  async limited(tenant: string): Promise<string> {
    return tenant;
  }

  @Job({ unique: { key: (to: string) => to, onDuplicate: 'throw' } })
  async once(to: string): Promise<string> {
    return to;
  }
}

async function bootBoth(engine: EngineFixture, options: JobsModuleOptions = { workers: false }) {
  const worker = await createJobsApp(engine, { providers: [Mails] });
  const producer = await bootProducer(engine, worker, options);
  return { worker, producer, jobs: producer.jobs, mails: worker.module.get(Mails) };
}

function bootProducer(engine: EngineFixture, { isolation }: JobsApp, options: JobsModuleOptions) {
  return createJobsApp(engine, { options, isolation });
}

describeEngines('a process that enqueues jobs of a class that it does not provide', (engine) => {
  it('stores them as their decorators say, and others run them', async () => {
    const { jobs, mails } = await bootBoth(engine);
    made.length = 0;
    const one = await jobs.enqueue(Mails, (s) => s.send('ada'));
    expect(await one.result()).toBe('sent to ada');
    expect(one).toMatchObject({ name: 'Mails.send', queue: 'mails' });
    expect(await one.details()).toMatchObject({ attempts: 7 });
    const named = await jobs.schedule(Mails, (s) => s.report('x'), { delay: 1 });
    expect(named).toMatchObject({ name: 'mails.report', queue: 'reports' });
    expect(await named.result()).toBe('report of "x"');
    const many = await jobs.enqueueMany(Mails, ['bob', 'eve'], (s, to) => s.send(to));
    const stored = many.flatMap((job) => (job.status === 'fulfilled' ? [job.value] : []));
    await Promise.all(stored.map((job) => job.result()));
    expect(mails.sent.toSorted()).toEqual(['ada', 'bob', 'eve']);
    expect(made).toEqual([]);
  });

  it('has them in a batch, with what comes after it', async () => {
    const { jobs, mails } = await bootBoth(engine);
    const batch = await jobs.batch(
      (b) => {
        b.enqueue(Mails, (s) => s.send('ada'));
        b.enqueueMany(Mails, ['bob'], (s, to) => s.send(to));
      },
      { onCompleted: [Mails, (s: Mails, { total }: BatchSummary) => s.report(total)] },
    );
    expect(await batch.finished()).toMatchObject({ total: 2, completed: 2 });
    await expect.poll(() => mails.reported).toEqual([2]);
  });

  it('does so beside workers of its own, which take none of them', async () => {
    const { jobs, producer } = await bootBoth(engine, { workers: true });
    made.length = 0;
    const job = await jobs.enqueue(Mails, (s) => s.send('ada'));
    expect(await job.result()).toBe('sent to ada');
    expect(() => producer.module.get(Mails)).toThrow(/could not find Mails/);
    expect(made).toEqual([]);
  });

  it('has them in chains and continuations', async () => {
    const { jobs } = await bootBoth(engine);
    // oxlint-disable promise/valid-params
    const last = await jobs
      .chain()
      .then(Mails, (s) => s.send('ada'))
      .then(Mails, (s, text) => s.report(text))
      .enqueue();
    // oxlint-enable promise/valid-params
    expect(await last.result()).toBe('report of "sent to ada"');
    const first = await jobs.enqueue(Mails, (s) => s.send('bob'));
    const next = await jobs.continueWith(first, Mails, (s, text) => s.report(text));
    expect(await next.result()).toBe('report of "sent to bob"');
  });

  it('has limits that it changes, and keeps to those that are changed', async () => {
    const { jobs, worker, producer } = await bootBoth(engine);
    await worker.jobs.limits.set(Mails, 'limited', { limit: 1 });
    await worker.close();
    expect(await jobs.limits.get(Mails, 'limited')).toEqual({ concurrency: 1 });
    await jobs.limits.set(Mails, 'limited', { limit: 2 });
    const other = await bootProducer(engine, producer, { workers: false });
    const handles = [];
    for (let n = 0; n < 4; n += 1)
      handles.push(await other.jobs.enqueue(Mails, (s) => s.limited('t')));
    // Those beyond the limit are parked from the start.
    const states = await Promise.all(handles.map((handle) => handle.state()));
    expect(states).toEqual(['waiting', 'waiting', 'delayed', 'delayed']);
    await createJobsApp(engine, { providers: [Mails], isolation: producer.isolation });
    await Promise.all(handles.map((handle) => handle.result()));
  });

  it('has unique jobs and idempotency keys', async () => {
    const { jobs, worker } = await bootBoth(engine);
    const key = { idempotencyKey: 'k' };
    const first = await jobs.enqueue(Mails, (s) => s.send('ada'), key);
    await first.result();
    expect((await jobs.enqueue(Mails, (s) => s.send('ada'), key)).id).toBe(first.id);
    await worker.close();
    await jobs.enqueue(Mails, (s) => s.once('ada'));
    const again = jobs.enqueue(Mails, (s) => s.once('ada'));
    await expect(again).rejects.toThrow(DuplicateJobError);
  });

  it('has recurring jobs', async () => {
    const { jobs } = await bootBoth(engine);
    await jobs.recurring.addOrUpdate('daily', Mails, (s) => s.send('ada'), '0 4 * * *');
    const tick = await jobs.recurring.trigger('daily');
    expect(await tick.result()).toBe('sent to ada');
  });

  it.each([true, false])('waits for a process that runs it (workers: %s)', async (workers) => {
    const producer = await createJobsApp(engine, { options: { workers } });
    const job = await producer.jobs.enqueue(Mails, (s) => s.send('ada'));
    expect(await job.state()).toMatch(/waiting|prioritized/);
    await createJobsApp(engine, { providers: [Mails], isolation: producer.isolation });
    expect(await job.result()).toBe('sent to ada');
  });

  it('keeps a unique job the only one while an older version has it in another queue', async () => {
    const gate = signal();
    const older = version('before', () => gate.promise);
    const newer = version('after', () => gate.promise);
    const one = await createJobsApp(engine, { providers: [older] });
    const two = await createJobsApp(engine, { providers: [newer], isolation: one.isolation });
    const job = await one.jobs.enqueue(older, (s) => s.run());
    await expect.poll(() => job.state()).toBe('active');
    const { jobs } = await bootProducer(engine, two, { workers: false });
    expect((await jobs.enqueue(newer, (s) => s.run())).id).toBe(job.id);
    gate.resolve();
  });
});

/** A class whose one handler is unique, in that queue. */
function version(queue: string, run: () => Promise<void>): Type<{ run(): Promise<void> }> {
  @Injectable()
  class Versioned {
    @Job({ name: 'versioned', queue, unique: {} })
    run(): Promise<void> {
      return run();
    }
  }
  return Versioned;
}

describeEnginesWith('transactionalEnqueue', 'such a process in a transaction', (engine) => {
  it('stores them with the commit', async () => {
    const { jobs } = await bootBoth(engine);
    const begun = await beginTransaction(engine);
    const tx = jobs.withTransaction(begun.client);
    const job = await tx.enqueue(Mails, (s) => s.send('ada'));
    await begun.end('COMMIT');
    await begun.close();
    expect(await job.result()).toBe('sent to ada');
  });
});

describeEngines('a class that no process provides', (engine) => {
  it('is refused where its decorators have faults, with all of them', async () => {
    class Wrong {
      @Job({ attempts: 0 })
      a(): void {}

      @Job({ queu: 'x' } as never)
      b(): void {}

      @Recurring({ every: 1_000 }, { queue: 'a:b' })
      c(): void {}
    }
    const { jobs } = await createJobsApp(engine, { options: { workers: false } });
    const refused = jobs.enqueue(Wrong, (s) => s.a());
    await expect(refused).rejects.toThrow(JobsConfigurationError);
    await expect(refused).rejects.toThrow(/@Job\(\) on Wrong\.a: "attempts" expected/);
    await expect(refused).rejects.toThrow(/Wrong\.b: unknown option "queu"/);
    await expect(jobs.enqueue(Wrong, (s) => s.c())).rejects.toThrow(JobsConfigurationError);
  });

  it('is refused where it has no decorators', async () => {
    class Plain {
      run(): void {}
    }
    const { jobs } = await createJobsApp(engine, { options: { workers: false } });
    const refused = jobs.enqueue(Plain, (s) => s.run());
    await expect(refused).rejects.toThrow(InvalidInvocationError);
    await expect(refused).rejects.toThrow(/Plain has no @Job\(\) methods, and is not among/);
  });
});
