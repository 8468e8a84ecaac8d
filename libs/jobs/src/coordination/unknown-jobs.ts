import type { CoordinationStore, LimitKeys } from '../contracts/index.js';
import type { Handover } from './handovers.js';
import { parseKnown, parseRecord } from './stored-record.js';

const PREFIX = 'unknown-name:';

/**
 * A job whose name no server knows, and since when it waits for one that does, by the store's
 * `steadyNow()`. @internal
 */
export interface UnknownJob extends Handover {
  readonly since: number;
  /** The line that it has a place in; absent when it has none. */
  readonly line?: Pick<LimitKeys, 'concurrencyKey' | 'concurrencyGroup'>;
}

/** The jobs that wait for a server that knows their names. @internal */
export const unknownJobs = {
  async find(
    store: CoordinationStore,
    job: { queue: string; id: string },
  ): Promise<UnknownJob | undefined> {
    const key = keyOf(job);
    const text = await store.get(key);
    return text === undefined ? undefined : (parseRecord(text, key) as UnknownJob);
  },

  async note(store: CoordinationStore, job: UnknownJob, ttlMs: number): Promise<void> {
    await store.set(keyOf(job), JSON.stringify(job), ttlMs);
  },

  async forget(store: CoordinationStore, job: { queue: string; id: string }): Promise<void> {
    await store.delete(keyOf(job));
  },

  async of(store: CoordinationStore, queue: string): Promise<readonly UnknownJob[]> {
    const entries = await store.entries(`${PREFIX}${queue}:`);
    return [...entries].flatMap(
      ([key, text]) => (parseKnown(text, key) as UnknownJob | undefined) ?? [],
    );
  },
};

function keyOf({ queue, id }: { queue: string; id: string }): string {
  return `${PREFIX}${queue}:${id}`;
}
