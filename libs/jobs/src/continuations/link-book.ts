import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { parseRecord, Records, type ReadRecord } from '../coordination/index.js';
import { hubKeyOf, type StoredChild } from '../hubs/index.js';
import { StoreCalls } from '../enqueueing/index.js';

const KEY = 'links:';

/**
 * Links to what was skipped are kept for a retry of the antecedent, as long as failed jobs are by
 * default.
 */
const SKIPPED_TTL_MS = 7 * 24 * 3_600_000;

/** A continuation of a job. @internal */
export interface Link extends StoredChild {
  /** Present when `@Continuation()` made it: there is one for each handler, whatever its id. */
  readonly declared?: true;
}

/**
 * Which continuations a job has, as it is stored.
 * @internal
 */
export interface Links {
  readonly antecedent: StoredChild;
  /** Tells its hub from an earlier one of the same job, whose links are done. */
  readonly generation: string;
  /** When it was stored or last changed, by the store's `steadyNow()`. */
  readonly at: number;
  readonly continuations: readonly Link[];
  /** Present when the antecedent has failed, and they wait for its retry. */
  readonly skipped?: true;
}

/** Links and the text that they are stored as, by which a change of them is noticed. @internal */
export interface ReadLinks {
  readonly links: Links;
  readonly text: string;
}

/**
 * The links from jobs to their continuations: stored before anything depends on them, and gone when
 * all is done.
 * @internal
 */
@Injectable()
export class LinkBook {
  /** By antecedent: what is to be stored next, and what is being stored. */
  private readonly waiting = new Map<string, { added: Link[]; stored: Promise<Links> }>();
  private readonly storing = new Map<string, Promise<void>>();
  private readonly records: Records<Links>;

  constructor(
    private readonly calls: StoreCalls,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {
    this.records = new Records(engine, KEY);
  }

  async read(antecedent: Pick<StoredChild, 'queue' | 'id'>): Promise<ReadLinks | undefined> {
    const read = await this.records.read(hubKeyOf(antecedent));
    return read && { links: read.value, text: read.text };
  }

  /** Adds links; those that are there already stay. @returns all links of the antecedent */
  add(antecedent: StoredChild, continuations: readonly Link[]): Promise<Links> {
    const key = hubKeyOf(antecedent);
    const waiting = this.waiting.get(key);
    if (waiting !== undefined) {
      waiting.added.push(...continuations);
      return waiting.stored;
    }
    // Those that come while others are being stored go together, instead of one undoing another's
    // attempt.
    const added = [...continuations];
    const stored = (this.storing.get(key) ?? Promise.resolve()).then(() => {
      this.waiting.delete(key);
      return this.store(antecedent, added);
    });
    this.waiting.set(key, { added, stored });
    const ended = stored.then(
      () => undefined,
      () => undefined,
    );
    this.storing.set(key, ended);
    void ended.then(() => this.storing.get(key) === ended && this.storing.delete(key));
    return stored;
  }

  /** @returns false when they were changed meanwhile */
  delete(read: ReadLinks): Promise<boolean> {
    return this.records.delete(hubKeyOf(read.links.antecedent), read);
  }

  /**
   * Keeps these alone, for a retry of the antecedent. @returns false when they were changed
   * meanwhile
   */
  async keepSkipped(read: ReadLinks, continuations: readonly Link[]): Promise<boolean> {
    const kept = { ...read.links, continuations, skipped: true } as const;
    return (await this.replace(read, kept, SKIPPED_TTL_MS)) !== undefined;
  }

  /** Lets skipped links count again. @returns undefined when they were changed meanwhile */
  async revive(read: ReadLinks): Promise<Links | undefined> {
    const { skipped: _, ...rest } = read.links;
    const revived: Links = {
      ...rest,
      generation: newGeneration(),
      at: await this.engine.store.steadyNow(),
    };
    return (await this.replace(read, revived))?.value;
  }

  /**
   * The stored text of all links whose hashed key starts with a digit, by their keys: one of them
   * may be damaged.
   */
  shard(digit: string): Promise<ReadonlyMap<string, string>> {
    return this.engine.store.entries(KEY + digit);
  }

  private store(antecedent: StoredChild, continuations: readonly Link[]): Promise<Links> {
    const withAdded = async (links: Links | undefined): Promise<Links> => {
      const known = links?.continuations ?? [];
      const added = continuations.filter((one) => !known.some((other) => isSame(one, other)));
      if (links !== undefined && added.length === 0) return links;
      const { skipped: _, ...rest } = links ?? {};
      return {
        ...rest,
        antecedent: { queue: antecedent.queue, id: antecedent.id, name: antecedent.name },
        // What was skipped has had its hub: what is added now needs another one.
        generation: links === undefined || links.skipped ? newGeneration() : links.generation,
        at: await this.engine.store.steadyNow(),
        continuations: [...known, ...added],
      };
    };
    return this.calls.change('store a link between jobs', () =>
      this.records.change(hubKeyOf(antecedent), withAdded),
    );
  }

  private replace(
    read: ReadLinks,
    links: Links,
    ttlMs?: number,
  ): Promise<ReadRecord<Links> | undefined> {
    return this.records.replace(hubKeyOf(links.antecedent), read, links, ttlMs);
  }
}

/** @throws as `parseRecord` @internal */
export function parseLinks(text: string, key: string): ReadLinks {
  return { links: parseRecord(text, key) as Links, text };
}

/** The id of the hub that carries these links out. @internal */
export function hubIdOf({ antecedent, generation }: Links): string {
  return `links.${hubKeyOf(antecedent)}.${generation}`;
}

function newGeneration(): string {
  return randomBytes(6).toString('hex');
}

function isSame(a: Link, b: Link): boolean {
  if (a.declared && b.declared) return a.name === b.name;
  return a.queue === b.queue && a.id === b.id;
}
