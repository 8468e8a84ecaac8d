import { createHash } from 'node:crypto';
import type { CoordinationStore } from '../contracts/index.js';
import { Records } from './records.js';
import { parseKnown } from './stored-record.js';

const PREFIX = 'release:';

/** So long a version is remembered that no server runs, in ms: one that comes back is not taken for a newer one. */
const REMEMBERED_MS = 30 * 24 * 3_600_000;

/** What the servers of one version of an application declare. @internal */
export interface ReleaseContent {
  /** Stored names and aliases of the handlers. */
  readonly names: readonly string[];
  /** By the oldest name of each handler its queue. */
  readonly queues: Readonly<Record<string, string>>;
  /** By the id of each recurring job a hash of what its decorator says. */
  readonly recurring: Readonly<Record<string, string>>;
}

/** @internal */
export interface Release extends ReleaseContent {
  /** When its first server was seen, by the store's `steadyNow()`: the version seen first last is the newest. */
  readonly since: number;
}

/**
 * What servers declare, in one record for all that declare the same, under its hash: a server stores it when it boots,
 * and its heartbeat carries the hash alone.
 * @internal
 */
export const releases = {
  hashOf(content: ReleaseContent): string {
    return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 24);
  },

  /**
   * Stores a release, or goes on remembering the one that is there.
   * @param since when it was first seen, if that is known: the store may have lost it
   */
  async store(
    store: CoordinationStore,
    hash: string,
    content: ReleaseContent,
    since?: number,
  ): Promise<Release> {
    // A copy: what does not change is written again, which makes it last.
    const remembered = async (release: Release | undefined): Promise<Release> =>
      release ? { ...release } : { ...content, since: since ?? (await store.steadyNow()) };
    return recordsIn(store).change(hash, remembered, { ttlMs: REMEMBERED_MS });
  },

  /** Those of the last 30 days, whether or not one of their servers lives. */
  async all(store: CoordinationStore): Promise<readonly Release[]> {
    const entries = await store.entries(PREFIX);
    return [...entries].flatMap(
      ([key, text]) => (parseKnown(text, key) as Release | undefined) ?? [],
    );
  },

  /** @returns undefined when the store has none, or one of a form that only newer versions know */
  async get(store: CoordinationStore, hash: string): Promise<Release | undefined> {
    const text = await store.get(PREFIX + hash);
    return text === undefined
      ? undefined
      : (parseKnown(text, PREFIX + hash) as Release | undefined);
  },
};

function recordsIn(store: CoordinationStore): Records<Release> {
  return new Records({ store }, PREFIX);
}
