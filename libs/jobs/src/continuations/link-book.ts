import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { hubKeyOf, type StoredChild } from '../hubs/index.js';
import { StoreCalls } from '../scheduling/index.js';

const KEY = 'links:';

/** Links to what was skipped are kept for a retry of the antecedent, as long as failed jobs are by default. */
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
 * The links from jobs to their continuations: stored before anything depends on them, and gone when all is done.
 * @internal
 */
@Injectable()
export class LinkBook {
  /** By antecedent: what is to be stored next, and what is being stored. */
  private readonly waiting = new Map<string, { added: Link[]; stored: Promise<Links> }>();
  private readonly storing = new Map<string, Promise<void>>();

  constructor(
    private readonly calls: StoreCalls,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  async read(antecedent: Pick<StoredChild, 'queue' | 'id'>): Promise<ReadLinks | undefined> {
    const text = await this.engine.store.get(keyOf(antecedent));
    return text === undefined ? undefined : parseLinks(text);
  }

  /** Adds links; those that are there already stay. @returns all links of the antecedent */
  add(antecedent: StoredChild, continuations: readonly Link[]): Promise<Links> {
    const key = keyOf(antecedent);
    const waiting = this.waiting.get(key);
    if (waiting !== undefined) {
      waiting.added.push(...continuations);
      return waiting.stored;
    }
    // Those that come while others are being stored go together, instead of one undoing another's attempt.
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
  async delete({ links, text }: ReadLinks): Promise<boolean> {
    return this.engine.store.delete(keyOf(links.antecedent), text);
  }

  /** Keeps these alone, for a retry of the antecedent. @returns false when they were changed meanwhile */
  async keepSkipped({ links, text }: ReadLinks, continuations: readonly Link[]): Promise<boolean> {
    const kept = { ...links, continuations, skipped: true } as const;
    return this.write(kept, text, SKIPPED_TTL_MS);
  }

  /** Lets skipped links count again. @returns undefined when they were changed meanwhile */
  async revive({ links, text }: ReadLinks): Promise<Links | undefined> {
    const { skipped: _, ...rest } = links;
    const revived: Links = {
      ...rest,
      generation: newGeneration(),
      at: await this.engine.store.steadyNow(),
    };
    return (await this.write(revived, text)) ? revived : undefined;
  }

  /** The stored text of all links whose hashed key starts with a digit, by their keys: one of them may be damaged. */
  shard(digit: string): Promise<ReadonlyMap<string, string>> {
    return this.engine.store.entries(KEY + digit);
  }

  private store(antecedent: StoredChild, continuations: readonly Link[]): Promise<Links> {
    return this.calls.change('store a link between jobs', async () => {
      for (;;) {
        const read = await this.read(antecedent);
        const known = read?.links.continuations ?? [];
        const added = continuations.filter((one) => !known.some((other) => isSame(one, other)));
        if (read !== undefined && added.length === 0) return read.links;
        const links: Links = {
          antecedent: { queue: antecedent.queue, id: antecedent.id, name: antecedent.name },
          // What was skipped has had its hub: what is added now needs another one.
          generation:
            read === undefined || read.links.skipped ? newGeneration() : read.links.generation,
          at: await this.engine.store.steadyNow(),
          continuations: [...known, ...added],
        };
        if (await this.write(links, read?.text)) return links;
      }
    });
  }

  private write(links: Links, expected: string | undefined, ttlMs?: number): Promise<boolean> {
    const key = keyOf(links.antecedent);
    return this.engine.store.compareAndSet(key, expected, JSON.stringify(links), ttlMs);
  }
}

/** @throws SyntaxError when the text is damaged @internal */
export function parseLinks(text: string): ReadLinks {
  return { links: JSON.parse(text) as Links, text };
}

/** The id of the hub that carries these links out. @internal */
export function hubIdOf({ antecedent, generation }: Links): string {
  return `links.${hubKeyOf(antecedent)}.${generation}`;
}

function keyOf(antecedent: Pick<StoredChild, 'queue' | 'id'>): string {
  return KEY + hubKeyOf(antecedent);
}

function newGeneration(): string {
  return randomBytes(6).toString('hex');
}

function isSame(a: Link, b: Link): boolean {
  if (a.declared && b.declared) return a.name === b.name;
  return a.queue === b.queue && a.id === b.id;
}
