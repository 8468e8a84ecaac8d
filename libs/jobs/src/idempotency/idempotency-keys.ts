import { Injectable } from '@nestjs/common';
import { describeJob, IdempotencyKeyReusedError } from '../errors/index.js';
import { restoreValue } from '../payload/index.js';
import {
  isCancelledWaiting,
  JobReader,
  JobWriter,
  type EnqueuedJob,
  type PreparedJob,
} from '../enqueueing/index.js';
import {
  HELD_MS,
  keyOfGroup,
  KeyRecords,
  MOST_TRIES,
  type HeldKey,
  type KeyOfGroup,
  type KeyRecord,
} from './key-records.js';

/**
 * Enqueueing with idempotency keys. A record says which job has a key; it is taken before the job
 * is stored, so that of many callers one stores it and the others find it. What a crash leaves
 * behind is found and mended by whoever comes next: a record whose job was never stored (that
 * caller stores it, under the recorded id, so that both may), or whose job has failed for good, or
 * was cancelled while it waited (that caller's job takes the key).
 * @internal
 */
@Injectable()
export class IdempotencyKeys {
  constructor(
    private readonly records: KeyRecords,
    private readonly reader: JobReader,
    private readonly writer: JobWriter,
  ) {}

  /**
   * Stores a job that has a key, unless another has it: one that is live, or completed within its
   * window.
   * @returns the job that has the key now
   * @throws IdempotencyKeyReusedError, and as enqueue
   */
  async store(job: PreparedJob): Promise<EnqueuedJob> {
    const key = keyOf(job);
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      if (await this.take(job, undefined)) return this.add(job, job.id);
      const held = await this.records.find(key);
      const stored = held && (await this.storeBeside(job, held));
      if (stored !== undefined) return stored;
    }
    throw new Error(`The idempotency key of ${describeJob(job)} changes hands without end.`);
  }

  /** @returns undefined when the key changed hands meanwhile */
  private async storeBeside(job: PreparedJob, held: HeldKey): Promise<EnqueuedJob | undefined> {
    const { record } = held;
    const { queue } = record;
    if (record.done) return this.same(job, record);
    const other = await this.reader.find(record);
    const state = await this.reader.state(record);
    if (state === 'failed' || isCancelledWaiting(other, state))
      return (await this.take(job, held)) ? this.add(job, job.id) : undefined;
    if (state === 'removed') return this.storeInstead({ ...job, queue }, held);
    return this.same(job, record);
  }

  /**
   * The recorded job is not there: not yet, or not any more. Under its id, both may store it. With
   * other arguments, it is another call that lost its job if there is no job of those, and a clash
   * if there is one.
   */
  private async storeInstead(job: PreparedJob, held: HeldKey): Promise<EnqueuedJob | undefined> {
    const { id, hash } = held.record;
    const { hash: ownHash } = job.data.idempotency!;
    if (hash === ownHash) return this.add(job, id);
    const own = { ...held.record, hash: ownHash };
    if (!(await this.records.replace(keyOf(job), held, own, heldMs(job)))) return undefined;
    const added = await this.add(job, id);
    const stored = await this.reader.find(added);
    const { idempotency } = (stored?.data ?? {}) as PreparedJob['data'];
    return this.same(job, { ...held.record, hash: idempotency?.hash ?? ownHash });
  }

  /** The job that has the key. */
  private same(job: PreparedJob, record: KeyRecord): EnqueuedJob {
    const { key, hash } = job.data.idempotency!;
    const { id, queue, result } = record;
    const stored = { id, queue, name: job.name };
    if (record.hash !== hash) throw new IdempotencyKeyReusedError(key, stored);
    return result === undefined ? stored : { ...stored, result: { value: restoreValue(result) } };
  }

  private async add(job: PreparedJob, id: string): Promise<EnqueuedJob> {
    await this.writer.write(id === job.id ? job : { ...job, id });
    return { id, queue: job.queue, name: job.name };
  }

  private take(job: PreparedJob, held: HeldKey | undefined): Promise<boolean> {
    const { id, queue } = job;
    const { hash } = job.data.idempotency!;
    return this.records.replace(keyOf(job), held, { queue, id, hash }, heldMs(job));
  }
}

function keyOf({ name, data }: PreparedJob): KeyOfGroup {
  return keyOfGroup(name, data.idempotency!);
}

function heldMs(job: PreparedJob): number {
  return HELD_MS + (job.opts.delay ?? 0);
}
