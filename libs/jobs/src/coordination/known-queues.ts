import type { CoordinationStore } from '../contracts/index.js';

const PREFIX = 'queue:';

/** A queue that nobody has used for so long is not looked at any more, in ms. */
const REMEMBERED_MS = 90 * 24 * 3_600_000;

/**
 * The queues that processes use or have used, until they are empty and nobody works on them.
 * @internal
 */
export const knownQueues = {
  async note(store: CoordinationStore, queue: string): Promise<void> {
    await store.set(PREFIX + queue, '', REMEMBERED_MS);
  },

  async forget(store: CoordinationStore, queue: string): Promise<void> {
    await store.delete(PREFIX + queue);
  },

  async all(store: CoordinationStore): Promise<readonly string[]> {
    const entries = await store.entries(PREFIX);
    return [...entries.keys()].map((key) => key.slice(PREFIX.length));
  },
};
