import { getQueueToken } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import {
  DuplicateJobError,
  InvalidInvocationError,
  Job,
  JobContext,
  JobScheduler,
  Jobs,
} from 'nestjs-jobs';
import type { Queue } from 'bullmq';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

@Injectable()
class Greetings {
  greet(name: string): string {
    return `Hello ${name}`;
  }
}

@Injectable()
@Jobs({ queue: 'mail' })
class EmailService {
  readonly seen: unknown[][] = [];

  constructor(
    private readonly greetings: Greetings,
    private readonly context: JobContext,
  ) {}

  @Job()
  async send(name: string): Promise<string> {
    return this.greetings.greet(name);
  }

  @Job()
  async echo(...args: unknown[]): Promise<unknown[]> {
    this.seen.push(args);
    return args;
  }

  @Job()
  whoAmI(): { id: string; name: string; queue: string; attempt: number } {
    const { id, name, queue, attempt } = this.context;
    return { id, name, queue, attempt };
  }

  notAJob(): void {}
}

describeEngines('enqueue', (engine) => {
  const boot = () => createJobsApp(engine, { providers: [Greetings, EmailService] });

  it('runs a call with dependency injection and returns its result', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(EmailService, (s) => s.send('Ada'));
    expect(handle).toMatchObject({ queue: 'mail', name: 'EmailService.send' });
    expect(await handle.result()).toBe('Hello Ada');
    expect(await handle.state()).toBe('completed');
  });

  it('brings arguments and results back as they went in', async () => {
    const { jobs, module } = await boot();
    const args = [
      new Date('2026-02-03T04:05:06.789Z'),
      new Map([['k', new Set([1, 2])]]),
      { deep: [undefined, 12n, new URL('https://example.com/a?b=c')] },
      new Uint8Array([1, 2, 255]),
      null,
      'ünïcode 🎉',
    ];
    const result = await (await jobs.enqueue(EmailService, (s) => s.echo(...args))).result();
    expect(module.get(EmailService).seen).toEqual([args]);
    expect(result).toEqual(args);
  });

  it('gives the handler its context', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(EmailService, (s) => s.whoAmI());
    expect(await handle.result()).toEqual({
      id: handle.id,
      name: 'EmailService.whoAmI',
      queue: 'mail',
      attempt: 1,
    });
  });

  it('stores a user-given id once and says so the second time', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(EmailService, (s) => s.send('one'), { id: 'welcome-1' });
    expect(handle.id).toBe('welcome-1');
    await expect(
      jobs.enqueue(EmailService, (s) => s.send('two'), { id: 'welcome-1' }),
    ).rejects.toThrow(DuplicateJobError);
    expect(await handle.result()).toBe('Hello one');
  });

  it('stores thousands in one call, an outcome for each', async () => {
    const { jobs } = await boot();
    const items = Array.from({ length: 2_500 }, (_, i) => (i === 1_000 ? () => 0 : i));
    const outcomes = await jobs.enqueueMany(EmailService, items, (s, item) => s.echo(item));
    expect(outcomes).toHaveLength(2_500);
    expect(outcomes.flatMap((o, i) => (o.status === 'rejected' ? [i] : []))).toEqual([1_000]);
    const last = outcomes.at(-1)!;
    expect(last.status === 'fulfilled' && (await last.value.result())).toEqual([2_499]);
  });

  it.each([100, 2_500])('stores the jobs of one call in their order: %i', async (count) => {
    const { jobs, module } = await createJobsApp(engine, {
      providers: [Greetings, EmailService],
      options: { workers: false },
    });
    const items = Array.from({ length: count }, (_, i) => i);
    const outcomes = await jobs.enqueueMany(EmailService, items, (s, item) => s.echo(item));
    const ids = outcomes.map((outcome) => outcome.status === 'fulfilled' && outcome.value.id);
    const queue = module.get<Queue>(getQueueToken('mail'));
    const stored = await queue.getJobs(['waiting'], 0, -1, true);
    expect(stored.map(({ id }) => id)).toEqual(ids);
  });

  it('takes names, for handlers of other services', async () => {
    const { jobs } = await boot();
    const known = await jobs.enqueueByName('EmailService.send', ['Grace']);
    expect(await known.result()).toBe('Hello Grace');
    const foreign = await jobs.enqueueByName('billing.charge', [42], { queue: 'billing' });
    expect(await foreign.state()).toBe('waiting');
    expect((await foreign.details()).args).toEqual([42]);
  });

  it('coalesces concurrent calls and keeps their outcomes apart', async () => {
    const { jobs } = await boot();
    const handles = await Promise.all(
      Array.from({ length: 200 }, (_, i) => jobs.enqueue(EmailService, (s) => s.echo(i))),
    );
    expect(new Set(handles.map((h) => h.id)).size).toBe(200);
    const results = await Promise.all(handles.map((h) => h.result()));
    expect(results).toEqual(Array.from({ length: 200 }, (_, i) => [i]));
  });

  it('finds a job by its id alone', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(EmailService, (s) => s.send('Ada'));
    expect(await jobs.get(handle.id)).toMatchObject({
      id: handle.id,
      queue: 'mail',
      name: handle.name,
    });
    expect(await jobs.get('no-such-id')).toBeUndefined();
  });

  it.each(['meta', 'wait', 'events', 'a:b', ''])('knows no job called "%s"', async (id) => {
    const { jobs } = await boot();
    await jobs.enqueue(EmailService, (s) => s.send('Ada'));
    expect(await jobs.get({ queue: 'mail', id })).toBeUndefined();
    await expect(jobs.remove({ queue: 'mail', id })).rejects.toThrow(/is not in the store/);
    await expect(jobs.enqueue(EmailService, (s) => s.send('x'), { id })).rejects.toThrow(/"id"/);
  });

  it('steers jobs of queues it has no handler for', async () => {
    const { jobs, isolation } = await boot();
    await jobs.enqueueByName('billing.charge', [42], { queue: 'billing', id: 'bill-1' });
    const other = await createJobsApp(engine, { isolation });
    const handle = (await other.jobs.get({ queue: 'billing', id: 'bill-1' }))!;
    expect(await handle.state()).toBe('waiting');
    expect(await other.jobs.cancel(handle)).toBe(true);
    expect(await other.jobs.get({ queue: 'nowhere', id: 'x' })).toBeUndefined();
  });

  it('refuses a method that is no job, and a class without any', async () => {
    class Stranger {
      run(): void {}
    }
    const { jobs } = await boot();
    await expect(jobs.enqueue(EmailService, (s) => s.notAJob())).rejects.toThrow(
      InvalidInvocationError,
    );
    await expect(jobs.enqueue(Stranger, (s) => s.run())).rejects.toThrow(/Stranger has no @Job/);
  });

  it('runs in another process-like application on the same store', async () => {
    const { jobs, isolation, close } = await createJobsApp(engine, {
      providers: [Greetings, EmailService],
      options: { workers: false },
    });
    const handle = await jobs.enqueue(EmailService, (s) => s.send('later'));
    expect(await handle.state()).toBe('waiting');
    const worker = await createJobsApp(engine, { providers: [Greetings, EmailService], isolation });
    expect(await handle.result()).toBe('Hello later');
    expect(worker.module.get(JobScheduler)).toBeDefined();
    await close();
  });
});
