import { Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import {
  describeJob,
  DuplicateJobError,
  PayloadTooLargeError,
  UnserializableValueError,
} from '../errors/index.js';
import type { RepairRound } from '../execution/index.js';
import { ChildOutcomes, tellStep, type HubKind, type JobOutcome } from '../hubs/index.js';
import {
  JobCanceller,
  JobRemover,
  JobWriter,
  uniqueKeyOf,
  type PreparedJob,
} from '../enqueueing/index.js';
import { ContinuationBook, type ReadContinuation } from './continuation-book.js';
import { ContinuationJobs } from './continuation-jobs.js';
import { ContinuationSweep } from './continuation-sweep.js';
import { LinkAttachment } from './link-attachment.js';
import { LinkBook, type Link, type Links } from './link-book.js';
import { LINK_HUB, type LinkHubData } from './link-hub.js';
import { LinkSweep } from './link-sweep.js';
import {
  accepts,
  endBy,
  outcomeOf,
  type ContinuationEnd,
  type StoredContinuation,
} from './stored-continuation.js';

/** So many continuations of a job are dealt with at once. */
const AT_ONCE = 20;

/**
 * Pauses before it is asked again whether a job has ended: a part of the time it has been waited
 * for.
 */
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/**
 * What the hub of a job's links does: when the job has ended, it enqueues the continuations that
 * want that end, and skips the others.
 *
 * Each step is stored before the next, and each can be repeated: the links stay until all is done,
 * a continuation is enqueued under an id that it got when it was asked for, and its record goes
 * only when it is in its queue.
 * @internal
 */
@Injectable()
export class ContinuationDelivery implements HubKind {
  readonly kind = LINK_HUB;

  constructor(
    private readonly links: LinkBook,
    private readonly book: ContinuationBook,
    private readonly attachment: LinkAttachment,
    private readonly repairs: LinkSweep,
    private readonly leftBehind: ContinuationSweep,
    private readonly outcomes: ChildOutcomes,
    private readonly jobs: ContinuationJobs,
    private readonly writer: JobWriter,
    private readonly canceller: JobCanceller,
    private readonly remover: JobRemover,
  ) {}

  async run(hub: Job): Promise<number | undefined> {
    const data = hub.data as LinkHubData;
    for (;;) {
      const read = await this.links.read(data);
      // Done already, or another hub's.
      if (read === undefined || read.links.skipped) return undefined;
      if (read.links.generation !== data.generation) return undefined;
      const outcome = await this.endOf(hub, read.links);
      if (outcome === undefined) return pauseFor(hub);
      tellStep('outcome read', data.id);
      const skipped = await this.deliverAll(read.links, outcome);
      tellStep('links to be deleted', data.id);
      const isDone =
        skipped.length > 0
          ? await this.links.keepSkipped(read, skipped)
          : await this.links.delete(read);
      tellStep('links deleted', data.id);
      if (isDone) return undefined;
    }
  }

  async sweep(shard: string, round: RepairRound): Promise<void> {
    try {
      await this.repairs.sweep(shard, round);
    } finally {
      await this.leftBehind.sweep(shard, round);
    }
  }

  private async endOf(hub: Job, { antecedent }: Links): Promise<JobOutcome | undefined> {
    const outcome = await this.outcomes.of(hub, antecedent);
    if (outcome?.status !== 'cancelled') return outcome;
    const read = await this.book.read(antecedent);
    // It may have come into its queue between the two questions.
    if (read === undefined) return this.outcomes.of(hub, antecedent);
    const { end, job } = read.stored;
    return end && outcomeOf(end, job);
  }

  /** @returns what was skipped, and would run if the job were retried and ended otherwise */
  private async deliverAll(links: Links, outcome: JobOutcome): Promise<Link[]> {
    const skipped: Link[] = [];
    const rest = [...links.continuations];
    while (rest.length > 0) {
      const deliveries = rest.splice(0, AT_ONCE).map(async (link) => {
        if (await this.deliver(link, links, outcome)) skipped.push(link);
      });
      await Promise.all(deliveries);
    }
    return skipped;
  }

  /** @returns whether it was skipped for now */
  private async deliver(link: Link, { antecedent }: Links, outcome: JobOutcome): Promise<boolean> {
    for (;;) {
      const read = await this.book.read(link);
      if (read === undefined) return false;
      const { stored } = read;
      if (stored.end?.kind === 'cancelled') {
        await this.follow(stored.job, stored.end);
        return false;
      }
      if (!accepts(stored.on, outcome)) {
        const end = endBy(antecedent, outcome);
        if (stored.end !== undefined) await this.book.tellFollowing(stored.job);
        else if (!(await this.book.end(read, end))) continue;
        return end.kind === 'skipped' && outcome.status !== 'completed';
      }
      const settled = stored.after.map((one, place) =>
        one.queue === antecedent.queue && one.id === antecedent.id
          ? outcome
          : stored.outcomes?.[place],
      );
      const areAllThere = settled.every((one) => one !== undefined);
      if (areAllThere && stored.end === undefined) {
        await this.enqueue(read, settled);
        return false;
      }
      if (await this.book.replace(read, withOutcomes(stored, settled))) return false;
    }
  }

  private async enqueue(read: ReadContinuation, outcomes: readonly JobOutcome[]): Promise<void> {
    const { stored } = read;
    try {
      const job = this.jobs.complete(stored, outcomes);
      tellStep('continuation to be enqueued', job.id);
      await this.writer.write(job);
      tellStep('continuation enqueued', job.id);
      if (job.storedAs !== undefined) {
        await this.book.end(read, { kind: 'skipped', reason: besides(job, job.storedAs) });
        return;
      }
      await this.attachment.attachAllOf(job);
      tellStep('continuation to be forgotten', job.id);
      if (!(await this.book.delete(read))) await this.deleteChanged(job);
    } catch (error) {
      if (!isForGood(error)) throw error;
      // What it was to get cannot be stored as arguments; or another job took its id.
      await this.book.end(read, { kind: 'skipped', reason: error.message.replace(/\.$/, '') });
    }
  }

  /** The record was changed while its job was put in its queue. */
  private async deleteChanged(job: PreparedJob): Promise<void> {
    const read = await this.book.read(job);
    const end = read?.stored.end;
    if (end?.kind === 'cancelled') await this.follow(job, end);
    else if (read !== undefined) await this.book.delete(read);
  }

  /**
   * It was cancelled or removed, and may be in its queue all the same: no handler will be called
   * for it there, but it may be due in days.
   */
  private async follow(job: PreparedJob, end: ContinuationEnd): Promise<void> {
    if (end.removed) await this.remover.takeAway(job);
    else await this.canceller.cancel(job, end.reason);
  }
}

/** Its key is another job's, in place of which it was not stored. */
function besides(job: PreparedJob, otherId: string): string {
  const other = describeJob({ name: job.name, queue: job.storedIn ?? job.queue, id: otherId });
  const hasTaken = job.unique!.onDuplicate !== 'skip';
  return `${other} has the same unique key "${uniqueKeyOf(job)}"${hasTaken ? ', and runs with its arguments' : ''}`;
}

function withOutcomes(
  stored: StoredContinuation,
  settled: readonly (JobOutcome | undefined)[],
): StoredContinuation {
  const outcomes = Object.fromEntries(
    settled.flatMap((outcome, place) => (outcome === undefined ? [] : [[place, outcome]])),
  ) as Record<number, JobOutcome>;
  return { ...stored, outcomes };
}

function isForGood(error: unknown): error is Error {
  return (
    error instanceof DuplicateJobError ||
    error instanceof PayloadTooLargeError ||
    error instanceof UnserializableValueError
  );
}

function pauseFor({ timestamp }: Job): number {
  const waited = Date.now() - timestamp;
  return Math.min(Math.max(waited / 4, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS);
}
