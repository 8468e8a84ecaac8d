import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { parseRecord, Records } from '../coordination/index.js';
import { DuplicateJobError } from '../errors/index.js';
import { hubKeyOf, HubQueue } from '../hubs/index.js';
import { PendingJobs, StoreCalls, type PendingJob, type PreparedJob } from '../enqueueing/index.js';
import { LinkBook } from './link-book.js';
import { hubOf } from './link-hub.js';
import { toError, type StoredContinuation, type ContinuationEnd } from './stored-continuation.js';

const KEY = 'continuation:';

/** Why a continuation did not run can be read for as long as failed jobs are kept by default. */
const ENDED_TTL_MS = 7 * 24 * 3_600_000;

/** The address of a job. */
type Address = Pick<PreparedJob, 'queue' | 'id'>;

/**
 * What is stored of a continuation, and the text that it is stored as, by which a change of it is
 * noticed. @internal
 */
export interface ReadContinuation {
  readonly stored: StoredContinuation;
  readonly text: string;
}

/**
 * Continuations that are not in their queues: those that wait, and those that never will be.
 * @internal
 */
@Injectable()
export class ContinuationBook extends PendingJobs {
  private readonly records: Records<StoredContinuation>;

  constructor(
    private readonly links: LinkBook,
    private readonly hubs: HubQueue,
    private readonly calls: StoreCalls,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {
    super();
    this.records = new Records(engine, KEY);
  }

  async find(address: Address): Promise<PendingJob | undefined> {
    const read = await this.calls.read('read a continuation', () => this.read(address));
    if (read === undefined) return undefined;
    const { job, at, end } = read.stored;
    return { job, at, end: end && toError(end, job) };
  }

  async cancel(address: Address, reason: string | undefined): Promise<boolean> {
    return this.endWaiting(address, {
      kind: 'cancelled',
      ...(reason !== undefined && { reason }),
    });
  }

  async remove(address: Address): Promise<boolean> {
    return this.endWaiting(address, {
      kind: 'cancelled',
      reason: 'it was removed',
      removed: true,
    });
  }

  private endWaiting(address: Address, end: ContinuationEnd): Promise<boolean> {
    return this.calls.change('cancel a continuation', async () => {
      let isEnded = false;
      const ended = (stored: StoredContinuation | undefined): StoredContinuation | undefined => {
        isEnded = stored !== undefined && stored.end === undefined;
        return isEnded ? { ...stored!, end } : stored;
      };
      await this.records.change(hubKeyOf(address), ended, { ttlMs: ENDED_TTL_MS });
      if (isEnded) await this.tellFollowing(address);
      return isEnded;
    });
  }

  async read(address: Address): Promise<ReadContinuation | undefined> {
    const read = await this.records.read(hubKeyOf(address));
    return read && { stored: read.value, text: read.text };
  }

  /**
   * Stores a new one. @throws DuplicateJobError when there is one for this job, unless it is to be
   * kept
   */
  async create(
    stored: StoredContinuation,
    options: { keepExisting?: boolean } = {},
  ): Promise<void> {
    const { job } = stored;
    const isNew = await this.calls.change('store a continuation', () =>
      this.records.create(hubKeyOf(job), stored),
    );
    if (!isNew && !options.keepExisting) throw new DuplicateJobError(job);
  }

  /** @returns false when it was changed meanwhile */
  async replace(read: ReadContinuation, stored: StoredContinuation): Promise<boolean> {
    const ttlMs = stored.end === undefined ? undefined : ENDED_TTL_MS;
    const key = hubKeyOf(read.stored.job);
    return (await this.records.replace(key, read, stored, ttlMs)) !== undefined;
  }

  /**
   * The stored text of all continuations whose hashed key starts with a part, by their keys: one of
   * them may be damaged.
   */
  part(part: string): Promise<ReadonlyMap<string, string>> {
    return this.engine.store.entries(KEY + part);
  }

  /** Its job is in its queue. @returns false when it was changed meanwhile */
  delete(read: ReadContinuation): Promise<boolean> {
    return this.records.delete(hubKeyOf(read.stored.job), read);
  }

  /** Its job has run, or was removed. @returns whether it was there still */
  forget(address: Address): Promise<boolean> {
    return this.calls.change('forget a continuation', () =>
      this.engine.store.delete(KEY + hubKeyOf(address)),
    );
  }

  /**
   * Notes that it will not be enqueued; what follows it is told. @returns false when it was changed
   * meanwhile
   */
  async end({ stored, text }: ReadContinuation, end: ContinuationEnd): Promise<boolean> {
    if (!(await this.replace({ stored, text }, { ...stored, end }))) return false;
    await this.tellFollowing(stored.job);
    return true;
  }

  /** Lets those that follow a continuation look what became of it. */
  async tellFollowing(job: Address): Promise<void> {
    const read = await this.links.read(job);
    if (read !== undefined) await this.hubs.addAlone(hubOf(read.links));
  }
}

/** @throws as `parseRecord` @internal */
export function parseContinuation(text: string, key: string): ReadContinuation {
  return { stored: parseRecord(text, key) as StoredContinuation, text };
}
