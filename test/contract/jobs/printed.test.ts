import { inspect } from 'node:util';
import { getQueueToken } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { Job, JobContext, JobScheduler, JobsHealth, type HandleOf } from 'nestjs-jobs';
import { JobsHealthIndicator, JobsHealthModule } from 'nestjs-jobs/terminus';
import { expect, it, onTestFinished } from 'vitest';
import { beginTransaction } from '../../support/app-transaction.js';
import { describeEngines, describeEnginesWith, type EngineFixture } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

@Injectable()
class Work {
  constructor(readonly jobs: JobScheduler) {}

  @Job({ queue: 'printed' })
  add(a: number, b: number): number {
    return a + b;
  }
}

/** A store that is reached with a password. One that asks for none takes any. */
function withPassword({ name, connection, url }: EngineFixture) {
  if (name === 'sqlite') return { connection, secret: undefined };
  const address = new URL(url);
  if (address.password === '') address.password = 'seCret-of-the-store';
  if (address.username === '') address.username = name === 'redis' ? 'default' : 'postgres';
  const secret = decodeURIComponent(address.password);
  if (name === 'redis') return { connection: address.href, secret };
  return { connection: { connectionString: address.href, max: 2 }, secret };
}

describeEngines('what is printed', (engine) => {
  async function boot() {
    const { connection, secret } = withPassword(engine);
    const app = await createJobsApp(engine, {
      imports: [JobsHealthModule],
      providers: [Work],
      options: { connection },
    });
    const expectHidden = (value: unknown): void => {
      const texts = [
        inspect(value, { depth: 12 }),
        inspect({ in: { an: { object: value } } }, { depth: 12 }),
        JSON.stringify(value),
        JSON.stringify({ in: [value] }),
      ];
      for (const text of texts) {
        expect(text.length).toBeLessThan(2_000);
        if (secret !== undefined) expect(text).not.toContain(secret);
      }
    };
    return { ...app, expectHidden };
  }

  it('of a handle is where its job is', async () => {
    const { jobs, expectHidden } = await boot();
    const handle: HandleOf<number> = await jobs.enqueue(Work, (s) => s.add(1, 2));
    const { id, queue, name } = handle;
    expect(inspect(handle)).toBe(`JobHandle(printed/${id})`);
    expect(JSON.parse(JSON.stringify({ handle }))).toEqual({ handle: { id, queue, name } });
    expect(Object.fromEntries(Object.entries(handle))).toEqual({ id, queue, name });
    expectHidden(handle);
    expect(await handle.result()).toBe(3);
    // What a response was made of finds the job again.
    const again = await jobs.get(JSON.parse(JSON.stringify(handle)) as typeof handle);
    expect(await again?.result()).toBe(3);
  });

  it('of a batch, and of a chain, leads nowhere', async () => {
    const { jobs, expectHidden } = await boot();
    const batch = await jobs.batch((b) => b.enqueue(Work, (s) => s.add(1, 2)), { name: 'sums' });
    expect(JSON.parse(JSON.stringify(batch))).toEqual({ id: batch.id, name: 'sums' });
    expect(inspect(batch)).toBe(`Batch(${batch.id})`);
    expectHidden(batch);
    const chain = jobs.chain().then(Work, (s) => s.add(1, 2));
    expect(inspect(chain)).toBe('JobChain { steps: 1 }');
    expectHidden(chain);
    await batch.finished();
  });

  it('of services is their name', async () => {
    const { jobs, module, expectHidden } = await boot();
    expect(inspect(jobs)).toBe('JobScheduler {}');
    expect(JSON.stringify({ jobs })).toBe('{"jobs":{}}');
    const services = [JobContext, JobsHealth, JobsHealthIndicator, Work].map((type) =>
      module.get<object>(type),
    );
    for (const value of [jobs, jobs.recurring, jobs.limits, jobs.batches, ...services])
      expectHidden(value);
  });

  it('of queues and jobs of BullMQ says nothing of the store', async () => {
    const { jobs, module, expectHidden } = await boot();
    const queue = module.get<Queue>(getQueueToken('printed'));
    const handle = await jobs.enqueue(Work, (s) => s.add(1, 2));
    await handle.result();
    const job = await queue.getJob(handle.id);
    expect(inspect(job)).toContain(handle.id);
    expectHidden(queue);
    expectHidden(job);
    expectHidden({ queue, job });
  });

  it('of errors says nothing of the store', async () => {
    const { jobs, expectHidden } = await boot();
    await (await jobs.enqueue(Work, (s) => s.add(1, 2), { id: 'taken' })).result();
    const errors = await Promise.all([
      jobs.enqueue(Work, (s) => s.add(1, 2), { id: 'taken' }).catch((e: unknown) => e),
      jobs.enqueue(Work, (s) => s.add(1n as never, (() => 1) as never)).catch((e: unknown) => e),
      jobs.promote('taken').catch((e: unknown) => e),
      jobs.retry('nowhere').catch((e: unknown) => e),
    ]);
    for (const error of errors) {
      expect(error).toBeInstanceOf(Error);
      expectHidden(Object.entries(error as Error));
      expectHidden((error as Error).message);
    }
  });
});

describeEnginesWith('transactionalEnqueue', 'what is printed of a transaction', (engine) => {
  it('is its name', async () => {
    const { jobs } = await createJobsApp(engine, { providers: [Work] });
    const transaction = await beginTransaction(engine);
    onTestFinished(() => transaction.close());
    expect(inspect(jobs.withTransaction(transaction.client))).toBe('TransactionalJobs {}');
    await transaction.end('ROLLBACK');
  });
});
