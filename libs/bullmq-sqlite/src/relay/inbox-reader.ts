import type { RelayInboxBatch } from 'bullmq';
import type { SqliteStore, Wait } from '../store/index.js';
import { monotonicNow } from '../timers/index.js';
import { fetchMessages, hasMessages, inboxChange } from './operations/inbox.js';

/** A position in an inbox: the number of the last message that was read. */
const CURSOR = /^\d+$/;

/** Where a new node begins to read. */
export const FIRST_CURSOR = '0';

/**
 * Reads the inboxes of a relay's nodes, and waits for messages. It only looks at the tables until
 * there is one: taking the file's write lock each time that another process has written anything
 * would hold up its jobs.
 */
export class InboxReader {
  readonly #waits = new Set<Wait>();
  #isInterrupted = false;

  /** Whether reads return at once, and empty. */
  get isInterrupted(): boolean {
    return this.#isInterrupted;
  }

  constructor(
    private readonly store: SqliteStore,
    private readonly namespace: string,
  ) {}

  /** The next messages after a position; waits for the first one, at most `blockMs`. */
  async read(
    node: string,
    cursor: string,
    { blockMs, count }: { blockMs: number; count: number },
  ): Promise<RelayInboxBatch> {
    const after = positionOf(cursor);
    const deadline = monotonicNow() + blockMs;
    let left = blockMs;
    while (!this.#isInterrupted) {
      // The wait begins before the look, so that no message falls between the two.
      const wait = this.store.waitFor(inboxChange(this.namespace, node), Math.max(0, left));
      this.#waits.add(wait);
      try {
        const entries = await this.#fetch(node, after, count);
        const last = entries.at(-1);
        if (last !== undefined) return { entries, cursor: last.mid };
        if (left <= 0) break;
        await wait.over;
      } finally {
        wait.end();
        this.#waits.delete(wait);
      }
      left = deadline - monotonicNow();
    }
    return { entries: [], cursor };
  }

  /** Ends all waits, and those to come. */
  interrupt(): void {
    this.#isInterrupted = true;
    for (const wait of this.#waits) wait.end();
  }

  async #fetch(node: string, after: number, count: number): Promise<RelayInboxBatch['entries']> {
    const { namespace, store } = this;
    const isThere = await store.read((tx) => hasMessages(tx, namespace, node, after));
    if (!isThere) return [];
    return store.write((tx) => fetchMessages(tx, namespace, node, after, count), { synced: false });
  }
}

/** @throws Error when it is no position. */
export function positionOf(cursor: string): number {
  if (CURSOR.test(cursor)) return Number(cursor);
  throw new Error(`Invalid relay cursor: expected what readInbox returned, got ${cursor}`);
}
