import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Injectable, Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import type { Queue } from 'bullmq';
import { afterEach, expect, it, vi } from 'vitest';
import { describeEngines, placeOn } from '../../../../test/support/engines.js';
import { Job } from '../decorators/index.js';
import { QueueRegistry } from '../engines/index.js';
import { JobsModule } from '../jobs.module.js';
import { JobScheduler } from '../scheduler/index.js';
import { ContinuationBook } from './continuation-book.js';

const STEPS = 'nestjs-jobs:hubs';

@Injectable()
class Work {
  readonly ran: string[] = [];

  @Job()
  async first(name: string): Promise<string> {
    return name;
  }

  @Job({ queue: 'next' })
  async next(name: string): Promise<string> {
    this.ran.push(name);
    return name;
  }
}

/**
 * A hub that dies after it has put a continuation in its queue does so again when it comes back.
 */
describeEngines('a continuation that its hub stores twice', (engine) => {
  let module: TestingModule;
  const isolation = engine.reusedIsolation();

  afterEach(async () => {
    await module.close();
    await engine.cleanup(isolation);
  });

  /** Boots with a hub that fails once when it has put a continuation in its queue. */
  const boot = async (prepare = (): Promise<void> => Promise.resolve()) => {
    module = await Test.createTestingModule({
      imports: [
        JobsModule.forRoot({
          connection: engine.connection,
          ...placeOn(engine.connection, isolation),
        }),
      ],
      providers: [Work],
    }).compile();
    Logger.overrideLogger(false);
    await module.init();
    const [failed, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    vi.spyOn(module.get(ContinuationBook), 'delete').mockImplementationOnce(async () => {
      failed.resolve();
      throw new Error('the process is killed here');
    });
    const note = (message: unknown): void => {
      if ((message as { step: string }).step === 'hub completed') done.resolve();
    };
    subscribe(STEPS, note);
    done.promise.finally(() => unsubscribe(STEPS, note)).catch(() => undefined);
    await prepare();
    const jobs = module.get(JobScheduler);
    const first = await jobs.enqueue(Work, (s) => s.first('a'));
    const next = await jobs.continueWith(first, Work, (s, name) => s.next(name));
    return { jobs, next, failed: failed.promise, done: done.promise };
  };

  const queueOfNext = (): Queue => module.get(QueueRegistry).get('next');

  /** What has run when all that is in its queue has. */
  const ran = async (jobs: JobScheduler): Promise<readonly string[]> => {
    await (await jobs.enqueue(Work, (s) => s.next('the last'))).result();
    return module.get(Work).ran;
  };

  it('does not run again when it has run and was removed', async () => {
    const { jobs, next, failed, done } = await boot();
    await failed;
    await next.result();
    // As its queue's retention does.
    await queueOfNext().remove(next.id);
    await done;
    expect(await ran(jobs)).toEqual(['a', 'the last']);
  });

  it('does not run when it was removed by hand', async () => {
    const { jobs, next, failed, done } = await boot(() => queueOfNext().pause());
    await failed;
    await jobs.remove(next);
    await done;
    await queueOfNext().resume();
    expect(await ran(jobs)).toEqual(['the last']);
  });

  it('has its own continuations all the same', async () => {
    const { jobs, next, failed, done } = await boot();
    const after = await jobs.continueWith(next, Work, (s, name) => s.next(name));
    await failed;
    await done;
    expect(await after.result()).toBe('a');
  });
});
