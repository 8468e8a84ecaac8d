import { expect, it } from 'vitest';
import { Worker, type IQueueBackend } from 'bullmq';
import { describeEngines } from '../../../../test/support/engines.js';
import { resolveOptions } from '../options/index.js';
import { addJob, createEngine, QueueRegistry, SafeJob } from './index.js';

describeEngines('a job that is completed', (fixture) => {
  it('is left as BullMQ leaves one, and hands on the next', async () => {
    const isolation = fixture.reusedIsolation();
    const engine = createEngine(resolveOptions({ connection: fixture.connection, ...isolation }));
    await engine.connect();
    const queues = new QueueRegistry(engine);
    class SafeWorker extends Worker<unknown, unknown, string, IQueueBackend> {
      override get Job(): typeof SafeJob {
        return SafeJob;
      }
    }
    const options = { ...engine.bullmqOptions, autorun: false };
    const worker = new SafeWorker('work', null, options, engine.backendFactory);
    try {
      for (const id of ['a', 'b'])
        await addJob(queues.get('work'), { name: 'job', id, data: {}, opts: {} });
      const job = await worker.getNextJob('token', { block: false });
      const next = (await job.moveToCompleted('done', 'token', true)) as unknown[];
      expect(job).toMatchObject({ id: 'a', returnvalue: 'done', attemptsMade: 1 });
      expect(job.finishedOn).toBeTypeOf('number');
      expect(next[1]).toBe('b');
      const stored = await queues.get('work').getJob('a');
      expect(stored).toMatchObject({ returnvalue: 'done', attemptsMade: 1 });
    } finally {
      await worker.close(true);
      await queues.close();
      await engine.close();
      await fixture.cleanup(isolation);
    }
  });
});
