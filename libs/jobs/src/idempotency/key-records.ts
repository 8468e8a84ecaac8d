import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine, type StoredKey } from '../contracts/index.js';
import { parseRecord } from '../coordination/index.js';
import { describeJob, NewerRecordError } from '../errors/index.js';
import { StoreCalls } from '../enqueueing/index.js';

const KEYS = 'idem:';

/**
 * A key whose job was neither due nor tried for so long is free, in ms: what was removed must not
 * hold it for ever.
 * @internal
 */
export const HELD_MS = 30 * 24 * 3_600_000;

/** Each is a race that was lost to another process. @internal */
export const MOST_TRIES = 50;

/** What is known of a key: the job that has it, and whether that has completed. @internal */
export interface KeyRecord {
  readonly queue: string;
  readonly id: string;
  /** Of its arguments. */
  readonly hash: string;
  readonly done?: true;
  /** In its stored form; absent when it was too large to be kept here. */
  readonly result?: unknown;
}

/** A record as it was read, to be changed only if it is still so. @internal */
export interface HeldKey {
  readonly record: KeyRecord;
  readonly text: string;
}

/** A key, and the oldest name of its handler: each has keys of its own. @internal */
export interface KeyOfGroup {
  readonly group: string;
  readonly key: string;
}

/** @internal */
export function keyOfGroup(name: string, { key, group = name }: StoredKey): KeyOfGroup {
  return { group, key };
}

/**
 * The records of idempotency keys, each changed by whoever read it last.
 * Reads and changes throw StoreUnavailableError.
 * @internal
 */
@Injectable()
export class KeyRecords {
  constructor(
    private readonly calls: StoreCalls,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  async find({ group, key }: KeyOfGroup): Promise<HeldKey | undefined> {
    const { store } = this.engine;
    const text = await this.calls.read(
      `read an idempotency key of ${describeJob({ name: group })}`,
      () => store.get(storeKeyOf(group, key)),
    );
    if (text === undefined) return undefined;
    const record = parse(text, storeKeyOf(group, key));
    if (record !== undefined) return { record, text };
    // It names no job, so the key is nobody's.
    await store.delete(storeKeyOf(group, key), text);
    return undefined;
  }

  /**
   * Puts a record in the place of another, or of none.
   * @returns false when it was another meanwhile; or this one already, by a call whose answer was
   *   lost
   */
  replace(
    { group, key }: KeyOfGroup,
    held: HeldKey | undefined,
    record: KeyRecord,
    ttlMs: number,
  ): Promise<boolean> {
    const text = JSON.stringify(record);
    const { store } = this.engine;
    return this.calls.read(`store an idempotency key of ${describeJob({ name: group })}`, () =>
      store.compareAndSet(storeKeyOf(group, key), held?.text, text, ttlMs),
    );
  }

  free({ group, key }: KeyOfGroup, held: HeldKey): Promise<boolean> {
    return this.engine.store.delete(storeKeyOf(group, key), held.text);
  }
}

function parse(text: string, key: string): KeyRecord | undefined {
  try {
    const record = parseRecord(text, key) as KeyRecord | null;
    return typeof record?.id === 'string' ? record : undefined;
  } catch (error) {
    if (error instanceof NewerRecordError) throw error;
    return undefined;
  }
}

function storeKeyOf(group: string, key: string): string {
  return (
    KEYS +
    createHash('sha256')
      .update(JSON.stringify([group, key]))
      .digest('hex')
      .slice(0, 40)
  );
}
