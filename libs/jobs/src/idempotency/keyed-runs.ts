import { Injectable } from '@nestjs/common';
import type {
  ClaimDecision,
  JobHook,
  JobInfo,
  RunningJob,
  RunOutcome,
  StoredKey,
} from '../contracts/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JobReader } from '../enqueueing/index.js';
import { HELD_MS, keyOfGroup, KeyRecords, MOST_TRIES, type KeyRecord } from './key-records.js';

/** A larger result is not kept with the key, in characters of JSON. */
const LARGEST_RESULT = 65_536;

/** While another job with the key is live, this soon the job comes again. */
const LOOK_AGAIN_MS = 5_000;

/**
 * What idempotency keys mean for jobs that run. The result is recorded before the job completes, so
 * that a job which is run again after a crash at that moment is completed without its handler.
 * @internal
 */
@Injectable()
export class KeyedRuns implements JobHook {
  /** The keys of jobs that run in this process. */
  private readonly running = new WeakMap<JobInfo, StoredKey>();

  constructor(
    private readonly records: KeyRecords,
    private readonly reader: JobReader,
    private readonly logger: JobLogger,
  ) {}

  onClaimed(job: RunningJob): Promise<ClaimDecision> | undefined {
    return isKey(job.idempotency) ? this.begin(job, job.idempotency) : undefined;
  }

  onReturned(job: RunningJob, result: unknown): Promise<void> | undefined {
    return isKey(job.idempotency) ? this.finish(job, job.idempotency, result) : undefined;
  }

  onSettled(job: JobInfo, outcome: RunOutcome): void {
    const stored = this.running.get(job);
    if (stored === undefined) return;
    const change =
      outcome.status === 'failed'
        ? this.free(job, stored)
        : outcome.status === 'retrying'
          ? this.renew(job, stored, outcome.retryInMs)
          : undefined;
    change?.catch((error: unknown) => this.logger.warn(messages.keyNotChanged(job, error), job));
  }

  private begin(job: RunningJob, stored: StoredKey): Promise<ClaimDecision> {
    this.running.set(job, stored);
    return this.decide(job, stored);
  }

  private async decide(job: RunningJob, stored: StoredKey): Promise<ClaimDecision> {
    const { id, queue, name } = job;
    const { hash } = stored;
    const key = keyOfGroup(name, stored);
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const held = await this.records.find(key);
      if (held?.record.done) return { action: 'complete', result: held.record.result ?? null };
      if (held?.record.id === id && held.record.queue === queue) return { action: 'run' };
      // Another job has the key: this one had failed, and was retried by hand after that was
      // stored.
      const state = held && (await this.reader.state(held.record));
      if (state === 'completed') return { action: 'complete', result: null };
      const isFree = state === undefined || state === 'failed' || state === 'removed';
      if (!isFree) break;
      if (await this.records.replace(key, held, { queue, id, hash }, HELD_MS))
        return { action: 'run' };
    }
    return { action: 'postpone', delayMs: LOOK_AGAIN_MS };
  }

  private async finish(job: RunningJob, stored: StoredKey, result: unknown): Promise<void> {
    const { id, queue, name } = job;
    const { hash, windowMs } = stored;
    const key = keyOfGroup(name, stored);
    const isSmall = (JSON.stringify(result) ?? '').length <= LARGEST_RESULT;
    const record: KeyRecord = { queue, id, hash, done: true, ...(isSmall && { result }) };
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const held = await this.records.find(key);
      // The first result stays: a run that lost its lock without knowing may come later.
      if (held?.record.done) return;
      const isOwn = held?.record.id === id && held.record.queue === queue;
      const next = isOwn ? { ...held.record, ...record } : record;
      if (await this.records.replace(key, held, next, windowMs)) return;
    }
  }

  /** At its failure for good. A job that fails in another way is found by the next caller. */
  private async free({ name, queue, id }: JobInfo, stored: StoredKey): Promise<void> {
    const key = keyOfGroup(name, stored);
    const held = await this.records.find(key);
    if (held && !held.record.done && held.record.id === id && held.record.queue === queue)
      await this.records.free(key, held);
  }

  private async renew({ name, id }: JobInfo, stored: StoredKey, waitMs: number): Promise<void> {
    const key = keyOfGroup(name, stored);
    const held = await this.records.find(key);
    if (held && !held.record.done && held.record.id === id)
      await this.records.replace(key, held, held.record, HELD_MS + waitMs);
  }
}

/** Another service may have written the job by hand. */
function isKey(stored: StoredKey | undefined): stored is StoredKey {
  return typeof stored?.key === 'string' && typeof stored.windowMs === 'number';
}
