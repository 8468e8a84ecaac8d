import {
  BullModule,
  getQueueToken,
  InjectQueue,
  OnWorkerEvent,
  Processor,
  QueueEventsHost,
  QueueEventsListener,
  OnQueueEvent,
  WorkerHost,
} from '@nestjs/bullmq';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { createBullBoard } from '@bull-board/api';
import { Injectable } from '@nestjs/common';
import { Queue, type Job as BullJob } from 'bullmq';
import { Job } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

@Injectable()
class Emails {
  @Job({ queue: 'interop-mail' })
  async send(to: string): Promise<string> {
    return `sent to ${to}`;
  }

  @Job({ queue: 'interop-raw' })
  async never(): Promise<void> {}
}

@Injectable()
class UsesQueue {
  constructor(@InjectQueue('interop-mail') readonly queue: Queue) {}
}

const completedBy = signal<string>();
const heard = signal<string>();

@Processor('interop-raw')
class RawProcessor extends WorkerHost {
  async process(job: BullJob): Promise<string> {
    return `raw ${job.name}`;
  }

  @OnWorkerEvent('completed')
  onCompleted(job: BullJob): void {
    completedBy.resolve(job.name);
  }
}

@QueueEventsListener('interop-raw')
class RawEvents extends QueueEventsHost {
  @OnQueueEvent('completed')
  onCompleted({ returnvalue }: { returnvalue: string }): void {
    heard.resolve(returnvalue);
  }
}

/** Gives @nestjs/bullmq's explorer a module to live in; our queues are found by their tokens. */
const bullModule = BullModule.registerQueue();

describeEngines('interop with @nestjs/bullmq and bull-board', (engine) => {
  it('injects the queues that decorators name', async () => {
    const { module, jobs } = await createJobsApp(engine, { providers: [Emails, UsesQueue] });
    const { queue } = module.get(UsesQueue);
    expect(queue).toBeInstanceOf(Queue);
    expect(module.get(getQueueToken('interop-mail'))).toBe(queue);
    const handle = await jobs.enqueue(Emails, (s) => s.send('ada'));
    await handle.result();
    expect(await queue.getJobCounts('completed')).toEqual({ completed: 1 });
  });

  it("runs @nestjs/bullmq's processors and listeners on this engine", async () => {
    const { module } = await createJobsApp(engine, {
      imports: [bullModule],
      providers: [Emails, RawProcessor, RawEvents],
      options: { workers: ['interop-mail'] },
    });
    await module.get(RawEvents).queueEvents.waitUntilReady();
    const queue = module.get<Queue>(getQueueToken('interop-raw'));
    await queue.add('hand-made', { any: 'data' });
    expect(await completedBy.promise).toBe('hand-made');
    expect(await heard.promise).toBe('raw hand-made');
  });

  it('shows jobs in bull-board', async () => {
    const { module, jobs } = await createJobsApp(engine, { providers: [Emails] });
    await (await jobs.enqueue(Emails, (s) => s.send('ada'))).result();
    const adapter = new BullMQAdapter(module.get<Queue>(getQueueToken('interop-mail')));
    createBullBoard({ queues: [adapter], serverAdapter: fakeServerAdapter() as never });
    const [job] = await adapter.getJobs(['completed'], 0, 1);
    expect(job?.toJSON()).toMatchObject({ name: 'Emails.send', returnvalue: 'sent to ada' });
    expect(await adapter.getJobCounts()).toMatchObject({ completed: 1 });
  });
});

/** bull-board wants a server to mount routes on; nothing is served here. */
function fakeServerAdapter(): object {
  return new Proxy({}, { get: (_target, _key, self: object) => () => self });
}
