import type { DefaultJobOptions } from 'bullmq';
import {
  JOB_NAME,
  payloadOf,
  QUEUE,
  SETTINGS,
  WORKER_OPTIONS,
  type Payload,
} from './job-settings.js';
import type { Subject } from './subject.js';

const JOB_OPTIONS: DefaultJobOptions = {
  attempts: SETTINGS.attempts,
  backoff: SETTINGS.backoff,
  removeOnComplete: retention(SETTINGS.removeOnComplete),
  removeOnFail: retention(SETTINGS.removeOnFail),
};

/** BullMQ as its guide shows it: one queue, one worker, default job options, ids of its own. */
export const bullmqSubject: Subject = {
  name: 'bullmq',

  async open({ engine, isolation, concurrency, worker, onJob }) {
    const bullmq = await engine.openBullmq(isolation);
    const queue = bullmq.queue(QUEUE, { defaultJobOptions: JOB_OPTIONS });
    await queue.waitUntilReady();
    const running = worker
      ? bullmq.worker(
          QUEUE,
          async (job) => {
            onJob((job.data as Payload).index);
          },
          { ...WORKER_OPTIONS, concurrency },
        )
      : undefined;
    return {
      enqueue: (index) => queue.add(JOB_NAME, payloadOf(index)),
      enqueueMany: (indexes) =>
        queue.addBulk(indexes.map((index) => ({ name: JOB_NAME, data: payloadOf(index) }))),
      close: async () => {
        await running?.close();
        await queue.close();
        await bullmq.close();
      },
    };
  },
};

function retention({ ageSeconds, count }: { ageSeconds: number; count: number }) {
  return { age: ageSeconds, count };
}
