import { every, monotonicNow, pause, type Timer } from '../timers/index.js';
import type { Operation } from './group-writer.js';
import type { Transaction } from './transaction.js';

/** Nothing must have been written for this long, in ms: who is idle has time, and may stay so. */
const IDLE_MS = 2_000;

/** Free pages that stay in the file for the next jobs: 4 MiB. */
const KEPT_PAGES = 1_024;

/** How many pages a step gives back: as many as take about this long, in ms. */
const STEP_MS = 3;
const STEP_PAGES = { least: 8, most: 512 };

/** Others get the file in between, in ms. */
const PAUSE_MS = 20;

/** What is needed of the store. */
interface PagedStore {
  write<Result>(operation: Operation<Result>): Promise<Result>;
  checkpoint(): void;
}

/**
 * Gives space back to the disk that a large number of removed jobs has left free in the file, in
 * small steps while nothing else happens.
 */
export class FreePages {
  #timer: Timer | undefined;
  #isIdle = true;
  #pages = STEP_PAGES.least;

  constructor(private readonly store: PagedStore) {}

  /** Must be called after each commit of somebody else. */
  written(): void {
    this.#isIdle = false;
    this.#timer ??= every(IDLE_MS, this.#look).unref();
  }

  stop(): void {
    this.#isIdle = false;
    this.#timer?.stop();
  }

  readonly #look = (): void => {
    const wasIdle = this.#isIdle;
    this.#isIdle = true;
    if (!wasIdle) return;
    this.#timer?.stop();
    this.#timer = undefined;
    // A file that can't be written has other troubles, and those who use it are told.
    this.#giveBack().catch(() => undefined);
  };

  async #giveBack(): Promise<void> {
    let isShorter = false;
    while (this.#isIdle && (await this.store.write((tx) => this.#step(tx)))) {
      isShorter = true;
      await pause(PAUSE_MS, { background: true });
    }
    // The file itself gets shorter when the log is copied into it.
    if (isShorter) this.store.checkpoint();
  }

  /** Returns whether it has given pages back. */
  #step(transaction: Transaction): boolean {
    const { database } = transaction.statements;
    const free = transaction.get<{ freelist_count: number }>('PRAGMA freelist_count');
    const surplus = (free?.freelist_count ?? 0) - KEPT_PAGES;
    if (surplus <= 0) return false;
    const started = monotonicNow();
    database.exec(`PRAGMA incremental_vacuum(${Math.min(this.#pages, surplus)})`);
    const factor = monotonicNow() - started > STEP_MS ? 0.5 : 1.5;
    const { least, most } = STEP_PAGES;
    this.#pages = Math.max(least, Math.min(most, Math.round(this.#pages * factor)));
    return true;
  }
}
