import { Injectable } from '@nestjs/common';
import {
  Job,
  JobCancelledError,
  JobContext,
  type EnqueueOptions,
  type JobHandle,
  type JobScheduler,
} from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

const key = (user: string) => user;

@Injectable()
class Work {
  readonly ran: string[] = [];
  readonly started = signal();
  readonly go = signal();
  readonly first = signal();

  constructor(private readonly context: JobContext) {}

  /** Keeps the one worker busy, so that others wait. */
  @Job()
  async block(): Promise<void> {
    await this.go.promise;
  }

  @Job({ unique: { key } })
  async skip(_user: string, text: string): Promise<string> {
    return this.note(text);
  }

  @Job({ unique: { key, onDuplicate: 'throw' } })
  async refuse(_user: string, text: string): Promise<string> {
    return this.note(text);
  }

  @Job({ unique: { key, onDuplicate: 'replace' } })
  async replace(_user: string, text: string): Promise<string> {
    return this.note(text);
  }

  @Job({ unique: { key, for: 'until-started', onDuplicate: 'reschedule' } })
  async reschedule(_user: string, text: string): Promise<string> {
    return this.note(text);
  }

  @Job({ unique: { key }, backoff: { type: 'fixed', delay: '1h' } })
  async again(_user: string, text: string): Promise<string> {
    if (text === 'old') throw new Error('fails');
    return this.note(text);
  }

  /** Ends well, though it was cancelled. */
  @Job({ unique: { key } })
  async stubborn(_user: string, text: string): Promise<string> {
    this.started.resolve();
    if (text === 'old') await this.go.promise;
    return this.note(text);
  }

  @Job({ concurrency: { key } })
  async single(_user: string, text: string): Promise<string> {
    if (text === 'first') await this.first.promise;
    return this.note(text);
  }

  @Job()
  async charge(text: string): Promise<string> {
    return this.note(`${text} by ${this.context.id}`);
  }

  private note(text: string): string {
    this.ran.push(text);
    return text;
  }
}

type Enqueue = (text: string, options?: EnqueueOptions) => Promise<JobHandle<string>>;

const ways = ['skip', 'refuse', 'replace', 'reschedule'] as const;

describeEngines('a job that is cancelled while it waits', (engine) => {
  const boot = async (concurrency = 1) => {
    const queues = { default: { concurrency } };
    const options = { queues, shutdownTimeout: 0, abortTimeout: 50 };
    const app = await createJobsApp(engine, { providers: [Work], options });
    const work = app.module.get(Work);
    const block = async () => {
      const blocking = await app.jobs.enqueue(Work, (s) => s.block());
      await expect.poll(() => blocking.state()).toBe('active');
    };
    return { ...app, work, block };
  };

  /** Cancels a job that waits, enqueues another one of its key, and expects the other to run. */
  const expectFreed = async (jobs: JobScheduler, old: JobHandle, enqueue: Enqueue, work: Work) => {
    expect(await jobs.cancel(old, 'not needed')).toBe(true);
    const next = await enqueue('new');
    expect(next.id).not.toBe(old.id);
    const third = await enqueue('new').catch(({ id }: { id: string }) => ({ id }));
    expect(third.id).toBe(next.id);
    work.go.resolve();
    expect(await next.result({ timeout: '5s' })).toMatch(/^new/);
    await expect(old.result({ timeout: '5s' })).rejects.toThrow(JobCancelledError);
    expect(work.ran).toHaveLength(1);
  };

  for (const way of ways) {
    for (const options of [{ delay: 0 }, { delay: 0, priority: 3 }, { delay: '1h' }] as const) {
      it(`gives its unique key ('${way}', ${JSON.stringify(options)})`, async () => {
        const { jobs, work, block } = await boot();
        await block();
        const old = await jobs.schedule(Work, (s) => s[way]('u', 'old'), options);
        await expectFreed(jobs, old, (text) => jobs.enqueue(Work, (s) => s[way]('u', text)), work);
      });
    }
  }

  it('gives its unique key between two attempts', async () => {
    const { jobs, work, block } = await boot();
    const enqueue: Enqueue = (text) => jobs.enqueue(Work, (s) => s.again('u', text));
    const old = await enqueue('old');
    await expect.poll(() => old.state()).toBe('delayed');
    await block();
    await expectFreed(jobs, old, enqueue, work);
  });

  it('gives its unique key where it continued another', async () => {
    const { jobs, work, block } = await boot();
    const before = await jobs.enqueue(Work, (s) => s.charge('before'));
    await before.result();
    work.ran.length = 0;
    await block();
    const old = await jobs.continueWith(before, Work, (s) => s.skip('u', 'old'));
    await expect.poll(() => old.state()).toBe('waiting');
    await expectFreed(jobs, old, (text) => jobs.enqueue(Work, (s) => s.skip('u', text)), work);
  });

  it('gives its idempotency key', async () => {
    const { jobs, work, block } = await boot();
    await block();
    const options = { idempotencyKey: 'order-42' };
    const enqueue: Enqueue = (text) => jobs.enqueue(Work, (s) => s.charge(text), options);
    await expectFreed(jobs, await enqueue('old'), enqueue, work);
  });

  it('can be retried when the one that has its key now has ended', async () => {
    const { jobs, work, block } = await boot();
    await block();
    const old = await jobs.enqueue(Work, (s) => s.skip('u', 'old'));
    await jobs.cancel(old);
    const next = await jobs.enqueue(Work, (s) => s.skip('u', 'new'));
    work.go.resolve();
    await next.result();
    await expect(old.result()).rejects.toThrow(JobCancelledError);
    await jobs.retry(old);
    expect(await old.result({ timeout: '5s' })).toBe('old');
    expect(work.ran).toEqual(['new', 'old']);
  });

  it('holds nobody up who waits for a turn of its concurrency key', async () => {
    const { jobs, work, block } = await boot();
    await block();
    const old = await jobs.enqueue(Work, (s) => s.single('u', 'old'));
    const next = await jobs.enqueue(Work, (s) => s.single('u', 'new'));
    expect(await next.state()).toBe('delayed');
    await jobs.cancel(old);
    await expect.poll(() => next.state()).toBe('waiting');
    work.go.resolve();
    expect(await next.result({ timeout: '5s' })).toBe('new');
    expect(work.ran).toEqual(['new']);
  });

  it('holds nobody up who waits for a turn where it is of a batch', async () => {
    const { jobs, work, block } = await boot(2);
    const first = await jobs.enqueue(Work, (s) => s.single('u', 'first'));
    await expect.poll(() => first.state()).toBe('active');
    let old!: { state(): Promise<string> };
    const batch = await jobs.batch(
      (b) => void (old = b.enqueue(Work, (s) => s.single('u', 'old'))),
    );
    await expect.poll(() => old.state()).toBe('delayed');
    const next = await jobs.enqueue(Work, (s) => s.single('u', 'new'));
    await block();
    await jobs.enqueue(Work, (s) => s.block());
    work.first.resolve();
    await expect.poll(() => old.state()).toBe('waiting');
    expect(await next.state()).toBe('delayed');
    expect(await batch.cancel()).toBe(1);
    await expect.poll(() => next.state()).toBe('waiting');
    work.go.resolve();
    expect(await next.result({ timeout: '5s' })).toBe('new');
    expect(work.ran).toEqual(['first', 'new']);
  });
});

describeEngines('a job that is cancelled while it runs', (engine) => {
  it('has its keys until it has ended', async () => {
    const { jobs, module } = await createJobsApp(engine, { providers: [Work] });
    const work = module.get(Work);
    const enqueue = (text: string) => jobs.enqueue(Work, (s) => s.stubborn('u', text));
    const old = await enqueue('old');
    await work.started.promise;
    await jobs.cancel(old);
    const same = await enqueue('new');
    expect(same.id).toBe(old.id);
    work.go.resolve();
    expect(await same.result({ timeout: '5s' })).toBe('old');
    const next = await enqueue('new');
    expect(next.id).not.toBe(old.id);
    expect(await next.result({ timeout: '5s' })).toBe('new');
  });
});
