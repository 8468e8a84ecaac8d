import { createHash } from 'node:crypto';
import type { CoordinationStore } from '../contracts/index.js';
import { DamagedRecordError } from '../errors/index.js';
import { Records } from './records.js';
import { isUnreadableRecord, parseRecord } from './stored-record.js';

const PREFIX = 'release:';

/**
 * So long a version is remembered that no server runs, in ms: one that comes back is not taken for
 * a newer one.
 */
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
  /**
   * When its first server was seen, by the store's `steadyNow()`: the version seen first last is
   * the newest.
   */
  readonly since: number;
}

/**
 * What servers declare, in one record for all that declare the same, under its hash: a server
 * stores it when it boots, and its heartbeat carries the hash alone.
 * @internal
 */
export const releases = {
  hashOf(content: ReleaseContent): string {
    return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 24);
  },

  /**
   * Stores a release, or goes on remembering the one that is there.
   * @param since when it was first seen, if that is known: the store may have lost it
   * @param tell called where there is one that this process cannot read, which is left as it is
   */
  async store(
    store: CoordinationStore,
    hash: string,
    content: ReleaseContent,
    since?: number,
    tell?: (error: Error) => void,
  ): Promise<Release> {
    // A copy: what does not change is written again, which makes it last.
    const remembered = async (release: Release | undefined): Promise<Release> =>
      release ? { ...release } : { ...content, since: since ?? (await store.steadyNow()) };
    try {
      const records = new Records<Release>({ store }, PREFIX, { parse });
      return await records.change(hash, remembered, { ttlMs: REMEMBERED_MS });
    } catch (error) {
      if (!isUnreadableRecord(error)) throw error;
      tell?.(error);
      return remembered(undefined);
    }
  },

  /** Those of the last 30 days, whether or not one of their servers lives. */
  async all(store: CoordinationStore): Promise<readonly Release[]> {
    const entries = await store.entries(PREFIX);
    return [...entries].flatMap(([key, text]) => readable(text, key) ?? []);
  },

  /** @returns undefined when the store has none, or one that this process cannot read */
  async get(store: CoordinationStore, hash: string): Promise<Release | undefined> {
    const text = await store.get(PREFIX + hash);
    return text === undefined ? undefined : readable(text, PREFIX + hash);
  },
};

/** One that cannot be read must not hide the others. */
function readable(text: string, key: string): Release | undefined {
  try {
    return parse(text, key);
  } catch {
    return undefined;
  }
}

function parse(text: string, key: string): Release {
  const release = (parseRecord(text, key) ?? {}) as Release;
  const { names, queues, recurring, since } = release as Partial<Release>;
  const isWhole = Array.isArray(names) && typeof since === 'number';
  if (!isWhole || typeof queues !== 'object' || typeof recurring !== 'object')
    throw new DamagedRecordError(key, 'expected names, queues, recurring and since');
  return release;
}
