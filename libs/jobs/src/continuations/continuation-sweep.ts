import { Inject, Injectable } from '@nestjs/common';
import type { RepairRound } from '../execution/index.js';
import { SHARDS, type StoredChild } from '../hubs/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { monotonicNow } from '../timers/index.js';
import { parseContinuation, ContinuationBook, type ReadContinuation } from './continuation-book.js';
import { linkTo } from './continuation-jobs.js';
import { LinkAttachment } from './link-attachment.js';
import { LinkBook } from './link-book.js';

interface Suspicion {
  readonly text: string;
  readonly since: number;
}

/**
 * Goes through the records of continuations, and finds those that a crash left behind which are
 * linked to nothing that they follow, or not to all of it: a record is stored before its links.
 * Nothing else would ever touch them again.
 *
 * A part is swept in each turn, and there are many, since records are looked at for the space they
 * take alone.
 * @internal
 */
@Injectable()
export class ContinuationSweep {
  /** What looked left behind at the last look: whoever stores a record links it next. */
  private readonly suspected = new Map<string, Suspicion>();
  private turns = 0;

  constructor(
    private readonly book: ContinuationBook,
    private readonly links: LinkBook,
    private readonly attachment: LinkAttachment,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /**
   * @param shard a hexadecimal digit; each time that all of them were given, the next part of each
   *   is swept
   */
  async sweep(shard: string, round: RepairRound): Promise<void> {
    const part = shard + SHARDS[Math.floor(this.turns / SHARDS.length) % SHARDS.length]!;
    this.turns += 1;
    await this.sweepPart(part, round);
  }

  async sweepPart(part: string, round: RepairRound): Promise<void> {
    const all = await this.book.part(part);
    await round.each(
      all,
      ([key]) => key,
      ([key, text]) => this.look(key, parseContinuation(text, key)),
    );
    for (const key of this.suspected.keys())
      if (key.includes(`:${part}`) && !all.has(key)) this.suspected.delete(key);
  }

  private async look(key: string, read: ReadContinuation): Promise<void> {
    const { job, after, outcomes, end } = read.stored;
    if (end !== undefined) return;
    const unlinked: StoredChild[] = [];
    for (const [place, antecedent] of after.entries()) {
      if (outcomes?.[place] !== undefined) continue;
      const found = await this.links.read(antecedent);
      const isLinked = found?.links.continuations.some(
        ({ queue, id }) => queue === job.queue && id === job.id,
      );
      if (!isLinked) unlinked.push(antecedent);
    }
    if (unlinked.length === 0) this.suspected.delete(key);
    else if (this.isLeft(key, read.text)) await this.repair(read, unlinked);
  }

  /** Whether it looked left behind for long enough. */
  private isLeft(key: string, text: string): boolean {
    const now = monotonicNow();
    const known = this.suspected.get(key);
    if (known?.text === text) return now - known.since > 2 * this.options.enqueueTimeoutMs;
    this.suspected.set(key, { text, since: now });
    return false;
  }

  private async repair(read: ReadContinuation, unlinked: readonly StoredChild[]): Promise<void> {
    const { job, after } = read.stored;
    if (unlinked.length === after.length) {
      // Nobody was told that it is stored, and what declared it has declared it anew.
      await this.book.delete(read);
      return;
    }
    for (const antecedent of unlinked)
      await this.attachment.attach(await this.links.add(antecedent, [linkTo(job)]));
  }
}
