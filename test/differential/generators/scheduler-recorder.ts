import { EventEmitter } from 'node:events';
import { type IQueueBackend, JobScheduler } from 'bullmq';
import { jobKey, qualifiedName, type QueueName } from '../harness/recorded-call.js';
import { plan, type Plan } from './call-world.js';

type Upsert = Parameters<JobScheduler['upsertJobScheduler']>;

/** What BullMQ's own class would call the backend with, now; undefined when it would not. */
export async function recordUpsert(queue: QueueName, ...upsert: Upsert): Promise<Plan> {
  const recorder = new Recorder(queue);
  const scheduler = new JobScheduler(
    queue,
    { connection: {} },
    () => recorder as unknown as IQueueBackend,
  );
  await scheduler.upsertJobScheduler(...upsert);
  return recorder.recorded;
}

/** As much of a backend as JobScheduler uses. */
class Recorder extends EventEmitter {
  recorded: Plan;
  readonly keys = {};
  readonly qualifiedName: string;

  constructor(private readonly queue: QueueName) {
    super();
    this.qualifiedName = qualifiedName(queue);
  }

  toKey(type: string): string {
    return jobKey(this.queue, type);
  }

  addJobScheduler(...args: unknown[]): Promise<[string, number]> {
    this.recorded = plan(this.queue, 'addJobScheduler', ...args);
    return Promise.resolve(['unknown', 0]);
  }

  updateJobSchedulerNextMillis(...args: unknown[]): Promise<null> {
    this.recorded = plan(this.queue, 'updateJobSchedulerNextMillis', ...args);
    return Promise.resolve(null);
  }
}
