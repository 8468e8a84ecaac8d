import { Queue, type BackendFactory, type RedisQueueBackend } from 'bullmq';
import type { Engine } from '../contracts/index.js';
import { UnsupportedByEngineError } from '../errors/index.js';
import { JobEnqueuer, type EnqueueParts } from './job-enqueuer.js';
import { assertStoredByUs, insertJobs } from './job-writer.js';
import type { PreparedJob } from './prepared-job.js';

/**
 * Enqueues inside a transaction of the application, as `JobScheduler.withTransaction()` returns it.
 * Nothing is coalesced or repeated: an error is the transaction's, which is to be rolled back.
 * @publicApi
 */
export class TransactionalJobs extends JobEnqueuer {
  private readonly queues = new Map<string, Queue>();

  /** @internal */
  constructor(
    parts: EnqueueParts,
    private readonly engine: Engine,
    private readonly client: object,
  ) {
    super(parts);
    if (!engine.capabilities.transactionalEnqueue || engine.transactionBackend === undefined) {
      throw new UnsupportedByEngineError(
        'withTransaction()',
        engine.name,
        'Enqueue after the commit, or use an outbox table.',
      );
    }
  }

  /** @internal */
  protected async write(job: PreparedJob): Promise<void> {
    const queue = this.queueOf(job.queue);
    await insertJobs(queue, [job]);
    if (job.data.nonce !== undefined) await assertStoredByUs(queue, job);
  }

  /** @internal */
  protected async writeMany(jobs: readonly PreparedJob[]): Promise<PromiseSettledResult<void>[]> {
    const outcomes = new Map<PreparedJob, PromiseSettledResult<void>>();
    for (const [name, group] of Map.groupBy(jobs, (job) => job.queue)) {
      // A failed statement spoils the whole transaction, so there is no use in trying the rest.
      await insertJobs(this.queueOf(name), group);
      for (const job of group) outcomes.set(job, { status: 'fulfilled', value: undefined });
    }
    return jobs.map((job) => outcomes.get(job)!);
  }

  private queueOf(name: string): Queue {
    let queue = this.queues.get(name);
    if (queue === undefined) {
      // Without metadata: that would be a write to a row that every producer shares, held until commit.
      const options = { ...this.engine.bullmqOptions, skipMetasUpdate: true };
      // Queue names its backend's type for `getBackend()` alone; plain Queue is the type on every engine.
      const factory = this.engine.transactionBackend!(
        this.client,
      ) as BackendFactory<RedisQueueBackend>;
      queue = new Queue(name, options, factory);
      this.queues.set(name, queue);
    }
    return queue;
  }
}
