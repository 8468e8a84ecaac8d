import { Queue, type BackendFactory, type RedisQueueBackend } from 'bullmq';
import type { Engine } from '../contracts/index.js';
import {
  DuplicateJobError,
  InvalidEnqueueOptionsError,
  UnsupportedByEngineError,
} from '../errors/index.js';
import {
  JobEnqueuer,
  assertStoredByUs,
  insertJobs,
  uniqueKeyOf,
  type EnqueueParts,
  type PreparedJob,
  type UniquePlaces,
} from '../enqueueing/index.js';

/**
 * Enqueues inside a transaction of the application, as `JobScheduler.withTransaction()` returns it.
 * Nothing is coalesced or repeated: an error of the store is the transaction's, which is to be
 * rolled back. After a `DuplicateJobError` it can go on: the job that exists was left alone.
 * Without an open transaction every call rejects with `NoOpenTransactionError`.
 * @publicApi
 */
export class TransactionalJobs extends JobEnqueuer {
  private readonly queues = new Map<string, Queue>();

  /** @internal */
  constructor(
    parts: EnqueueParts,
    private readonly engine: Engine,
    private readonly client: object,
    private readonly places: UniquePlaces,
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
    refuseKey(job);
    const queue = this.queueOf(job.queue);
    refuseReplacing(job);
    if (!(await this.isElsewhere(job))) await insertJobs(queue, [job]);
    await assertStored(queue, job);
  }

  /** @internal */
  protected async writeMany(jobs: readonly PreparedJob[]): Promise<PromiseSettledResult<void>[]> {
    const outcomes = new Map<PreparedJob, PromiseSettledResult<void>>();
    for (const job of jobs) refuseKey(job);
    for (const [name, group] of Map.groupBy(jobs, (job) => job.queue)) {
      const queue = this.queueOf(name);
      for (const job of group) refuseReplacing(job);
      const here: PreparedJob[] = [];
      for (const job of group) if (!(await this.isElsewhere(job))) here.push(job);
      // A failed statement spoils the whole transaction, so there is no use in trying the rest.
      if (here.length > 0) await insertJobs(queue, here);
      for (const job of group) outcomes.set(job, await this.outcomeOf(queue, job));
    }
    return jobs.map((job) => outcomes.get(job)!);
  }

  private async outcomeOf(queue: Queue, job: PreparedJob): Promise<PromiseSettledResult<void>> {
    try {
      await assertStored(queue, job);
      return { status: 'fulfilled', value: undefined };
    } catch (reason) {
      if (!(reason instanceof DuplicateJobError)) throw reason;
      return { status: 'rejected', reason };
    }
  }

  /**
   * Whether a job of the same key is in the queue that its handler had before it was moved to
   * another one; then it notes which. What others enqueue there at this very moment is not seen.
   */
  private async isElsewhere(job: PreparedJob): Promise<boolean> {
    if (job.unique === undefined) return false;
    if (!this.places.areKnown) await this.places.follow();
    for (const other of this.places.othersFor(job)) {
      const id = await this.queueOf(other).getDeduplicationJobId(job.opts.deduplication!.id);
      if (id === null) continue;
      [job.storedAs, job.storedIn] = [id, other];
      return true;
    }
    return false;
  }

  private queueOf(name: string): Queue {
    let queue = this.queues.get(name);
    if (queue === undefined) {
      // Without metadata: that would be a write to a row that every producer shares, held until
      // commit.
      const options = { ...this.engine.bullmqOptions, skipMetasUpdate: true };
      // Queue names its backend's type for `getBackend()` alone; plain Queue is the type on every
      // engine.
      const factory = this.engine.transactionBackend!(
        this.client,
      ) as BackendFactory<RedisQueueBackend>;
      queue = new Queue(name, options, factory);
      this.queues.set(name, queue);
    }
    return queue;
  }
}

/**
 * Keys are recorded beside the queues, where a rollback of the application's transaction does not
 * reach.
 */
function refuseKey(job: PreparedJob): void {
  if (job.data.idempotency === undefined) return;
  const fault =
    'options: "idempotencyKey" expected an enqueue outside a transaction; in one, give "id", which is stored once';
  throw new InvalidEnqueueOptionsError([fault], job);
}

/** Concurrency keys need nothing here: a job without a ticket takes one when it is claimed. */
async function assertStored(queue: Queue, job: PreparedJob): Promise<void> {
  if (job.storedAs === undefined) {
    if (job.data.nonce !== undefined) await assertStoredByUs(queue, job);
  } else if (job.unique?.onDuplicate === 'throw') {
    throw new DuplicateJobError(
      { ...job, queue: job.storedIn ?? job.queue, id: job.storedAs },
      uniqueKeyOf(job),
    );
  }
}

/** The job that is there belongs to nobody's transaction. */
function refuseReplacing(job: PreparedJob): void {
  const given = job.unique?.onDuplicate;
  if (given !== 'replace' && given !== 'reschedule') return;
  const fault = `"unique.onDuplicate" expected 'skip' or 'throw' inside a transaction, got '${given}'`;
  throw new InvalidEnqueueOptionsError([fault], job);
}
