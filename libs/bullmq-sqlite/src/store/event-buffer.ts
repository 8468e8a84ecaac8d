import type { Statements } from './statements.js';

/** An event as it is stored. */
export type StoredEvent = [name: string, jobId: string | null, fields?: Record<string, string>];

const ADD = 'INSERT INTO event (queue, last_id, at, entries) VALUES (?, ?, ?, ?)';

/** The events of one queue in one transaction: they share a time and, in the end, a row. */
export class EventBuffer {
  #entries: StoredEvent[] = [];
  #at = 0;

  /** Keeps an event. Returns the time of its transaction, in ms. */
  add(event: StoredEvent): number {
    if (this.#entries.length === 0) this.#at = Date.now();
    this.#entries.push(event);
    return this.#at;
  }

  /** Writes what was kept; `lastEvent` is the number of the newest. */
  flush(statements: Statements, queue: { id: number; lastEvent: number }): void {
    if (this.#entries.length === 0) return;
    const entries = JSON.stringify(this.#entries);
    this.#entries = [];
    statements.runKeepingReady(ADD, queue.id, queue.lastEvent, this.#at, entries);
  }
}
