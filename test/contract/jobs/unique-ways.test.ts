import { Injectable, type Type } from '@nestjs/common';
import {
  InvalidBatchError,
  ContinuationSkippedError,
  DuplicateJobError,
  InvalidEnqueueOptionsError,
  Job,
} from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { beginTransaction } from '../../support/app-transaction.js';
import { describeEngines, describeEnginesWith, type Isolation } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

@Injectable()
class Reports {
  readonly ran: string[] = [];
  readonly go = signal();

  @Job({ queue: 'work' })
  async before(user: string): Promise<{ user: string }> {
    return { user };
  }

  @Job({ queue: 'reports', unique: { key: (user: string) => user } })
  async build(_user: string, text: string): Promise<string> {
    this.ran.push(text);
    await this.go.promise;
    return text;
  }

  @Job({ queue: 'reports', unique: { key: (user: string) => user, onDuplicate: 'throw' } })
  async strict(_user: string, _text: unknown): Promise<void> {
    await this.go.promise;
  }
}

/** A version of a service, with its one handler in this queue. */
function serviceIn(queue: string): Type<{ run(key: string): Promise<void> }> {
  @Injectable()
  class Moved {
    @Job({ name: 'moved.run', queue, unique: { key: (key: string) => key } })
    async run(_key: string): Promise<void> {}
  }
  return Moved;
}

describeEngines('a unique job', (engine) => {
  const boot = async (workers: boolean) => {
    const app = await createJobsApp(engine, { providers: [Reports], options: { workers } });
    return { ...app, reports: app.module.get(Reports) };
  };

  it('has the queue of its handler: in another one it would not be the only one', async () => {
    const { jobs } = await boot(false);
    const options = { queue: 'elsewhere' };
    const step = [Reports, (s: Reports) => s.build('u', 'x'), options] as const;
    const calls = [
      () => jobs.enqueue(Reports, (s) => s.build('u', 'x'), options),
      () => jobs.schedule(Reports, (s) => s.build('u', 'x'), { ...options, delay: 1_000 }),
      () => jobs.enqueueByName('Reports.build', ['u', 'x'], options),
      () => jobs.enqueue(Reports, (s) => s.before('u'), { ...options, unique: { key: 'u' } }),
      () =>
        jobs
          .chain()
          .then(...step)
          .enqueue(),
      () => jobs.recurring.addOrUpdate('a', Reports, (s) => s.build('u', 'x'), '@daily', options),
    ];
    for (const call of calls) {
      const refused = call();
      await expect(refused).rejects.toThrow(InvalidEnqueueOptionsError);
      await expect(refused).rejects.toThrow(
        /"queue" expected "(reports|work)".* `unique`.*"elsewhere"/,
      );
    }
    const same = await jobs.enqueue(Reports, (s) => s.build('u', 'x'), { queue: 'reports' });
    expect(same.queue).toBe('reports');
  });

  it('is no part of a batch, nor what continues one', async () => {
    const { jobs } = await boot(false);
    const batches = [
      () => jobs.batch((b) => void b.enqueue(Reports, (s) => s.build('u', 'x'))),
      () =>
        jobs.batch((b) => void b.enqueue(Reports, (s) => s.before('u')), {
          onFinished: [Reports, (s, batch) => s.strict('u', batch)],
        }),
    ];
    for (const store of batches) {
      await expect(store()).rejects.toThrow(InvalidBatchError);
      await expect(store()).rejects.toThrow(/outside a batch for `unique`/);
    }
  });

  it.each(['build', 'strict'] as const)(
    'is the only one where it continues another: %s is skipped, and says beside which job',
    async (method) => {
      const { jobs, reports } = await boot(true);
      const holder = await jobs.enqueue(Reports, (s) => s[method]('u', 'holder'));
      await expect.poll(() => holder.state()).toBe('active');
      const first = await jobs.enqueue(Reports, (s) => s.before('u'));
      const next = await jobs.continueWith(first, Reports, (s, { user }) => s[method]('u', user));
      await expect(next.result()).rejects.toThrow(ContinuationSkippedError);
      await expect(next.result()).rejects.toThrow(holder.id);
      const other = await jobs.continueWith(first, Reports, (s, { user }) => s[method]('v', user));
      await expect.poll(() => other.state()).toBe('active');
      reports.go.resolve();
      await other.result();
    },
  );

  it('cannot continue another with a key that only that one knows, unless a key is given', async () => {
    const { jobs, reports } = await boot(true);
    reports.go.resolve();
    const first = await jobs.enqueue(Reports, (s) => s.before('u'));
    const unknown = jobs.continueWith(first, Reports, (s, { user }) => s.build(user, 'x'));
    await expect(unknown).rejects.toThrow(InvalidEnqueueOptionsError);
    await expect(unknown).rejects.toThrow(
      /"unique.key".*result of the job before.*unique: \{ key \}/,
    );
    const chain = jobs
      .chain()
      .then(Reports, (s) => s.before('u'))
      .then(Reports, (s, { user }) => s.build(user, 'x'))
      .enqueue();
    await expect(chain).rejects.toThrow(InvalidEnqueueOptionsError);
    const given = await jobs.continueWith(first, Reports, (s, { user }) => s.build(user, 'x'), {
      unique: { key: 'u' },
    });
    expect(await given.result()).toBe('x');
  });

  it('begins no chain, whose next steps would wait for another job', async () => {
    const { jobs } = await boot(false);
    const chain = jobs
      .chain()
      .then(Reports, (s) => s.build('u', 'x'))
      .then(Reports, (s) => s.before('u'));
    await expect(chain.enqueue()).rejects.toThrow(InvalidEnqueueOptionsError);
    await expect(chain.enqueue()).rejects.toThrow(/continueWith\(\)/);
    const one = await jobs
      .chain()
      .then(Reports, (s) => s.build('u', 'x'))
      .enqueue();
    const same = await jobs
      .chain()
      .then(Reports, (s) => s.build('u', 'y'))
      .enqueue();
    expect(same.id).toBe(one.id);
  });

  it('is the only one where a recurring job makes it', async () => {
    const { jobs } = await boot(false);
    const { recurring } = jobs;
    await recurring.addOrUpdate('a', Reports, (s) => s.build('u', 'tick'), { every: '1 day' });
    await recurring.addOrUpdate('b', Reports, (s) => s.strict('u', 'tick'), { every: '1 day' });
    const holder = await jobs.enqueue(Reports, (s) => s.build('u', 'holder'));
    expect((await recurring.trigger('a')).id).toBe(holder.id);
    const strict = await recurring.trigger('b');
    await expect(recurring.trigger('b')).rejects.toMatchObject({ id: strict.id });
    await expect(recurring.trigger('b')).rejects.toThrow(DuplicateJobError);
  });
});

describeEnginesWith('transactionalEnqueue', 'a unique job in a transaction', (engine) => {
  it('is the only one over the queues of two versions of its handler', async () => {
    const [older, newer] = [serviceIn('old-queue'), serviceIn('new-queue')];
    const start = (type: Type, isolation?: Isolation) =>
      createJobsApp(engine, { providers: [type], ...(isolation && { isolation }) });
    const one = await start(older);
    const two = await start(newer, one.isolation);
    const first = await one.jobs.schedule(older, (s) => s.run('k'), { delay: '1 h' });
    const { client, end, close } = await beginTransaction(engine);
    try {
      const tx = two.jobs.withTransaction(client);
      const again = await tx.enqueue(newer, (s) => s.run('k'));
      expect(again).toMatchObject({ id: first.id, queue: 'old-queue' });
      const [many] = await tx.enqueueMany(newer, ['k'], (s, key) => s.run(key));
      expect(many).toMatchObject({ value: { id: first.id, queue: 'old-queue' } });
      expect((await tx.enqueue(newer, (s) => s.run('l'))).queue).toBe('new-queue');
      await end('COMMIT');
    } finally {
      await close();
    }
  });
});
