import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { releases, servers, type Release, type ServerInfo } from '../coordination/index.js';
import { monotonicNow } from '../timers/index.js';

/** For a job that is to be handed over, what was read of the others may be this old, in ms. */
const FRESH_MS = 1_000;

/** A server that lives. @internal */
export interface FleetMember extends ServerInfo {
  /** What it declares; undefined where the store has lost it, for a moment. */
  readonly declares: Release | undefined;
}

/**
 * The servers that live now, and what each of them knows.
 * @internal
 */
@Injectable()
export class Fleet {
  /** Never changed once stored, so read once. */
  private known: ReadonlyMap<string, Release> = new Map();
  private own: { readonly hash: string; readonly release: Release } | undefined;
  private readAt = -Infinity;
  private readonly listeners: (() => void)[] = [];
  private reading: Promise<readonly FleetMember[]> | undefined;

  constructor(@Inject(JOBS_ENGINE) private readonly engine: Engine) {}

  /** Calls back when a server has come or gone, as far as this process hears of it. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** What this process declares: it is known whatever becomes of its record. */
  declare(hash: string, release: Release): void {
    this.own = { hash, release };
  }

  /** A server has come or gone. */
  changed(): void {
    this.readAt = -Infinity;
    for (const listener of this.listeners) listener();
  }

  /** All of them, this one included if it is a server. @param maxAgeMs how old the answer may be */
  members(maxAgeMs = 0): Promise<readonly FleetMember[]> {
    if (this.reading !== undefined && monotonicNow() - this.readAt <= maxAgeMs) return this.reading;
    this.readAt = monotonicNow();
    const reading = this.read();
    this.reading = reading;
    reading.catch(() => (this.readAt = -Infinity));
    return reading;
  }

  /** Whether a server that lives can run jobs of this name in this queue. */
  async canRun(queue: string, name: string): Promise<boolean> {
    const members = await this.members(FRESH_MS);
    return members.some(
      ({ queues, declares }) => queues.includes(queue) && declares?.names.includes(name),
    );
  }

  private async read(): Promise<readonly FleetMember[]> {
    const { store } = this.engine;
    const live = await servers.live(store);
    const hashes = [...new Set(live.map(({ release }) => release))];
    const read = await Promise.all(hashes.map((hash) => this.releaseOf(hash)));
    this.known = new Map(
      hashes.flatMap((hash, i): [string, Release][] => (read[i] ? [[hash, read[i]]] : [])),
    );
    return live.map((server) => ({ ...server, declares: this.known.get(server.release) }));
  }

  private async releaseOf(hash: string): Promise<Release | undefined> {
    const known = this.known.get(hash) ?? (await releases.get(this.engine.store, hash));
    return known ?? (this.own?.hash === hash ? this.own.release : undefined);
  }
}
