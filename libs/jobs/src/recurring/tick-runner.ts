import { Injectable } from '@nestjs/common';
import { QueueRegistry } from '../engines/index.js';
import { DuplicateJobError, EnqueueUncertainError } from '../errors/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JobWriter, StoreCalls, type PreparedJob } from '../enqueueing/index.js';
import {
  goOn,
  planTicks,
  type DueTick,
  type RunBefore,
  type Search,
  type TickPlan,
} from '../timing/ticks/index.js';
import { ScheduleBook, type BookEntry } from './schedule-book.js';
import { isEqual, tickJobId, type Schedule } from './schedule.js';
import { ScheduleStore } from './schedule-store.js';
import { TickClock } from './tick-clock.js';
import { TickLog } from './tick-log.js';

/**
 * A tick that waits for an earlier run is looked at again after this long, should nobody tell of
 * its end.
 */
const BLOCKED_MS = 1_000;

/**
 * One whose ticks cannot be dealt with, for instance since a calendar throws, is tried again after
 * this long.
 */
const FAULTY_MS = 30_000;

/**
 * For so long the plans of one look may keep the process for themselves, and one of many of them,
 * in ms.
 */
const TURN_MS = 20;
const SHORTEST_TURN_MS = 1;

/** A plan that is being made, and for what. */
interface PlanInTheMaking {
  readonly text: string;
  readonly search: Search<TickPlan | undefined>;
}

const NEVER_RAN: RunBefore = { isFinished: true };

/**
 * Turns due ticks into jobs: stores the jobs first, then how far the ticks have been dealt with. A
 * process that is killed in between has its work repeated by the next leader, whose jobs have the
 * same ids.
 * @internal
 */
@Injectable()
export class TickRunner {
  /**
   * Plans that have much to search, by the recurring job: each look goes on with them for a turn.
   */
  private readonly unfinished = new Map<string, PlanInTheMaking>();

  constructor(
    private readonly book: ScheduleBook,
    private readonly store: ScheduleStore,
    private readonly writer: JobWriter,
    private readonly queues: QueueRegistry,
    private readonly calls: StoreCalls,
    private readonly clock: TickClock,
    private readonly log: TickLog,
    private readonly logger: JobLogger,
  ) {}

  /**
   * Deals with what is due. The fault of one recurring job is logged, and holds up no other.
   * @throws when the store is lost, after all have been tried
   */
  async run(entries: readonly BookEntry[]): Promise<void> {
    const turnMs = Math.max(TURN_MS / entries.length, SHORTEST_TURN_MS);
    const outcomes = await Promise.allSettled(entries.map((entry) => this.runOne(entry, turnMs)));
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') continue;
      const error: unknown = outcome.reason;
      if (this.isOutage(error)) throw error;
      const { id } = entries[index]!;
      this.logger.error(messages.ticksFailed(id, FAULTY_MS, error), error as Error);
      this.book.postpone(id, this.clock.now() + FAULTY_MS);
    }
  }

  /** Whether an error says that the store is lost, which is no fault of any recurring job. */
  private isOutage(error: unknown): boolean {
    return this.calls.isUnavailable(error) || error instanceof EnqueueUncertainError;
  }

  private async runOne(entry: BookEntry, turnMs: number): Promise<void> {
    const { id, schedule } = entry;
    const search = await this.planning(entry);
    this.unfinished.delete(id);
    const turn = goOn(search, turnMs);
    const now = this.clock.now();
    if (turn === undefined) {
      this.unfinished.set(id, { text: entry.text, search });
      return this.book.postpone(id, now);
    }
    const plan = turn.found;
    if (plan === undefined) return this.book.lookAgain(id, now, now + BLOCKED_MS);

    const jobs = plan.ticks.map((tick) => toJob(schedule, tick));
    await Promise.all(jobs.map((job) => this.writer.write(job).catch(unlessDuplicate)));
    const last = jobs.at(-1);
    const next: Schedule = {
      ...schedule,
      progress: plan.progress,
      ...(last && { lastJob: whereIs(last) }),
    };
    const stored = await this.store.replace(id, entry, next);
    if (stored !== undefined) this.book.put(id, stored);
    else if (!(await this.carryOver(schedule, next))) return;
    this.log.tell(schedule, plan.progress);
  }

  /** The plan that was begun, or a new one. */
  private async planning(entry: BookEntry): Promise<Search<TickPlan | undefined>> {
    const { id, text, schedule, source } = entry;
    const begun = this.unfinished.get(id);
    if (begun?.text === text) return begun.search;
    const { timing, progress } = schedule;
    const before = timing.overlap === 'allow' ? NEVER_RAN : await this.runBefore(schedule);
    return planTicks(timing, source, progress, before, this.clock.now());
  }

  /**
   * Somebody changed the recurring job at this moment, who did not know of its new runs: a pause
   * must not have them run again, or count as missed, when it ends; nor may the next tick overlap
   * with them unseen.
   * @returns whether the ticks were this process's to count; not when another leader was faster
   */
  private async carryOver(before: Schedule, after: Schedule): Promise<boolean> {
    const { progress, lastJob } = after;
    let isOurs = false;
    await this.store.change(before.id, (stored) => {
      isOurs = stored !== undefined && isEqual(stored.progress, before.progress);
      if (stored === undefined || !isEqual(stored.lastJob, before.lastJob)) return stored;
      return { ...stored, ...(isOurs && { progress }), ...(lastJob && { lastJob }) };
    });
    this.book.suspect(before.id);
    return isOurs;
  }

  /** What the store says: a run may have ended in a process that could not tell of it. */
  private async runBefore({ id, lastJob }: Schedule): Promise<RunBefore> {
    if (lastJob === undefined) return NEVER_RAN;
    const job = await this.calls.read(`read the last run of the recurring job "${id}"`, () =>
      this.queues.get(lastJob.queue).getJob(lastJob.id),
    );
    return { isFinished: !job || job.finishedOn !== undefined };
  }
}

/** A job of the same unique key is there, which is to be the only one. */
function unlessDuplicate(error: unknown): void {
  if (!(error instanceof DuplicateJobError)) throw error;
}

/** The run, or the job of the same unique key in its place. */
function whereIs({ queue, id, storedIn = queue, storedAs = id }: PreparedJob) {
  return { queue: storedIn, id: storedAs };
}

function toJob(
  { id, call, timing, clockSteps }: Schedule,
  { due, missed, first }: DueTick,
): PreparedJob {
  const delay = timing.jitterMs === undefined ? 0 : Math.floor(Math.random() * timing.jitterMs);
  return {
    queue: call.queue,
    name: call.name,
    id: tickJobId(id, first ?? due, clockSteps),
    data: {
      ...call.data,
      tick: {
        recurring: id,
        due,
        ...(missed !== undefined && { missed }),
        // The ticks behind it wait for its end.
        ...((timing.overlap === 'queue' || missed !== undefined) && { awaited: true }),
      },
    },
    opts: { ...call.opts, ...(delay > 0 && { delay }) },
    ...(call.unique && { unique: call.unique }),
  };
}
