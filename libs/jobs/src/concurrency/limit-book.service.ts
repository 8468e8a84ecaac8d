import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { parseRecord, Records } from '../coordination/index.js';
import {
  HandlerRegistry,
  limitOf,
  type ConcurrencyLimit,
  type RateLimit,
} from '../discovery/index.js';
import { Repairs, type Repair } from '../execution/index.js';
import type { ManagedService } from '../lifecycle/index.js';
import { every, type Timer } from '../timers/index.js';

const CHANNEL = 'limits';
const PREFIX = 'limits:';

/** Messages are hints: what is stored is read this often, in ms. */
const REFRESH_MS = 5_000;

/** What was changed of a group's limits, or of one of its keys. @internal */
export interface StoredLimit {
  readonly limit?: number;
  readonly max?: number;
  readonly perMs?: number;
}

/**
 * The limits in force: those of decorators, and what was changed at run time, which every process
 * knows of.
 * @internal
 */
@Injectable()
export class LimitBook implements ManagedService {
  readonly name = 'limits';
  private changes: ReadonlyMap<string, StoredLimit> = new Map();
  private readonly listeners: (() => void)[] = [];
  private unsubscribe: (() => Promise<void>) | undefined;
  private timer: Timer | undefined;
  private isStarted = false;
  private following: Promise<void> | undefined;
  private reading: Promise<void> = Promise.resolve();
  private readonly repair: Repair;
  private readonly stored: Records<StoredLimit>;

  constructor(
    private readonly registry: HandlerRegistry,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    repairs: Repairs,
  ) {
    this.repair = repairs.of('changed limits');
    this.stored = new Records(engine, PREFIX);
  }

  async start(): Promise<void> {
    const limited = this.registry.all.some(
      ({ concurrency, rateLimit }) => (concurrency ?? rateLimit) !== undefined,
    );
    this.isStarted = true;
    if (limited) await this.follow();
  }

  /**
   * Begins to follow the changes, where that has not begun: a process that provides no handler with
   * limits may enqueue jobs of one all the same.
   */
  async follow(): Promise<void> {
    if (!this.isStarted) return;
    this.following ??= this.begin();
    try {
      await this.following;
    } catch (error) {
      this.following = undefined;
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.isStarted = false;
    await this.following?.catch(() => undefined);
  }

  async leave(): Promise<void> {
    this.timer?.stop();
    await this.unsubscribe?.();
    this.unsubscribe = undefined;
  }

  /** Calls back after every change. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  concurrencyOf(concurrency: ConcurrencyLimit, key: string): number {
    return this.changeOf(concurrency.group, key, 'limit') ?? limitOf(concurrency, key);
  }

  rateOf({ group, max, perMs }: RateLimit, key: string): { max: number; perMs: number } {
    return {
      max: this.changeOf(group, key, 'max') ?? max,
      perMs: this.changeOf(group, key, 'perMs') ?? perMs,
    };
  }

  async change(group: string, key: string | undefined, change: StoredLimit): Promise<void> {
    await this.stored.change(nameOf(group, key), (before) => ({ ...before, ...change }));
    await this.tell();
  }

  async reset(group: string, key: string | undefined): Promise<void> {
    await this.engine.store.delete(PREFIX + nameOf(group, key));
    await this.tell();
  }

  /**
   * Reads what is stored, one reading after the other: an earlier one must not have the last word.
   */
  refresh(): Promise<void> {
    const reading = this.reading.then(() => this.read());
    this.reading = reading.catch(() => undefined);
    return reading;
  }

  private async begin(): Promise<void> {
    await this.refresh();
    if (!this.isStarted) return;
    this.unsubscribe = await this.engine.store.subscribe(CHANNEL, () => void this.reread());
    this.timer = every(REFRESH_MS, () => void this.reread()).unref();
  }

  private async read(): Promise<void> {
    const entries = await this.engine.store.entries(PREFIX);
    const changes = new Map<string, StoredLimit>();
    for (const [name, text] of entries)
      await this.repair.one(name, async () => {
        changes.set(name.slice(PREFIX.length), parseRecord(text, name) as StoredLimit);
      });
    const hasChanged = !isSame(changes, this.changes);
    this.changes = changes;
    if (hasChanged) for (const listener of this.listeners) listener();
  }

  private changeOf<F extends keyof StoredLimit>(
    group: string,
    key: string,
    field: F,
  ): StoredLimit[F] {
    if (this.changes.size === 0) return undefined;
    return (
      this.changes.get(nameOf(group, key))?.[field] ??
      this.changes.get(nameOf(group, undefined))?.[field]
    );
  }

  private async tell(): Promise<void> {
    await this.refresh();
    await this.engine.store.publish(CHANNEL, '');
  }

  /** A store that is lost for a while changes no limit. */
  private async reread(): Promise<void> {
    await this.repair.round(() => this.refresh());
  }
}

function nameOf(group: string, key: string | undefined): string {
  return key === undefined ? group : `${group}|${key}`;
}

function isSame(a: ReadonlyMap<string, StoredLimit>, b: ReadonlyMap<string, StoredLimit>): boolean {
  return JSON.stringify([...a]) === JSON.stringify([...b]);
}
