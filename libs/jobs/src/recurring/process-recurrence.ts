import type { RecurringRun, StoredTick } from '../contracts/index.js';
import type { TimeoutRegistry } from '../discovery/index.js';
import { JobLogger, messages } from '../logging/index.js';
import {
  goOn,
  nextLook,
  planTicks,
  progressAt,
  type DueTick,
  type Search,
  type TickPlan,
  type TickProgress,
  type TickSource,
  type Timing,
} from '../timing/ticks/index.js';
import { after, type Timer } from '../timers/index.js';
import { TickLog } from './tick-log.js';

/**
 * The clock is looked at this often at the least: a timer does not go on while the machine sleeps,
 * so a tick that is hours away would come hours late; and Node fires timers beyond 24.8 days at
 * once.
 */
const LONGEST_WAIT_MS = 30_000;

/** Runs the handler for a tick. @returns how it ended; never rejects @internal */
export type RunTick = (
  tick: StoredTick,
  previous: RecurringRun | undefined,
) => Promise<RecurringRun>;

/** What a recurrence of a process is made of. @internal */
export interface ProcessRecurrenceParts {
  readonly id: string;
  readonly timing: Timing;
  readonly source: TickSource;
  readonly registry: TimeoutRegistry;
  readonly logger: JobLogger;
  readonly run: RunTick;
}

/**
 * A recurring job that ticks in this process alone, with all its state in memory. Its timer is a
 * timeout in the SchedulerRegistry; who deletes it there ends the recurring job.
 * @internal
 */
export class ProcessRecurrence {
  private progress: TickProgress;
  /** A plan that has much to search: each look goes on with it for a turn. */
  private unfinishedPlan: Search<TickPlan | undefined> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;
  /** Runs that were put off by jitter. */
  private readonly putOff = new Set<Timer>();
  /** Those included. */
  private unfinished = 0;
  private previous: RecurringRun | undefined;
  private readonly log: TickLog;

  /** @param now ticks after this moment are its own, Unix ms */
  constructor(
    private readonly parts: ProcessRecurrenceParts,
    now: number,
  ) {
    this.progress = { cursor: now, runs: 0, misfires: 0, skips: 0 };
    this.log = new TickLog(parts.logger);
  }

  start(): void {
    this.guard(() => this.wait());
  }

  /** No tick from now on; runs go on. */
  stop(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    for (const timer of this.putOff) timer.stop();
    this.putOff.clear();
    if (!this.isDeleted) this.unregister();
  }

  /** Whether somebody deleted the timeout, or put another in its place. */
  private get isDeleted(): boolean {
    const { id, registry } = this.parts;
    if (this.timer === undefined) return false;
    return !registry.doesExist('timeout', id) || registry.getTimeout(id) !== this.timer;
  }

  private look(): void {
    if (this.isStopped) return;
    if (this.isDeleted) return this.giveUp();
    const ticks: DueTick[] = [];
    this.guard(() => {
      this.noticeClock(Date.now());
      this.plan(Date.now(), ticks);
      this.wait();
    });
    // A handler may delete the timeout, so these come last.
    for (const tick of ticks) this.launch(tick);
  }

  /** Ticks go on from now when the clock was set back. */
  private noticeClock(now: number): void {
    const progress = progressAt(this.progress, now);
    if (progress === this.progress) return;
    this.parts.logger.warn(messages.plannedAnew(this.parts.id, this.progress.cursor - now));
    this.progress = progress;
    this.unfinishedPlan = undefined;
  }

  /** Adds what is to be run at this moment. */
  private plan(now: number, ticks: DueTick[]): void {
    const { id, timing, source } = this.parts;
    for (;;) {
      const before = { isFinished: this.unfinished === 0 };
      const search = this.unfinishedPlan ?? planTicks(timing, source, this.progress, before, now);
      this.unfinishedPlan = undefined;
      const turn = goOn(search);
      if (turn === undefined) this.unfinishedPlan = search;
      const plan = turn?.found;
      if (plan === undefined) return;
      this.log.tell({ id, timing, progress: this.progress }, plan.progress);
      this.progress = plan.progress;
      this.unfinished += plan.ticks.length;
      ticks.push(...plan.ticks);
    }
  }

  private wait(pauseMs = this.pauseMs()): void {
    const { id, registry } = this.parts;
    this.unregister();
    if (pauseMs === undefined) return;
    this.timer = setTimeout(() => this.look(), Math.min(pauseMs, LONGEST_WAIT_MS));
    registry.addTimeout(id, this.timer);
  }

  private unregister(): void {
    if (this.timer !== undefined) this.parts.registry.deleteTimeout(this.parts.id);
    this.timer = undefined;
  }

  /**
   * How long until the next tick; undefined when there is none. One that waits for its turn may
   * come at any time.
   */
  private pauseMs(): number | undefined {
    const { timing, source } = this.parts;
    const { cursor, runs } = this.progress;
    if (runs >= (timing.limit ?? Infinity)) return undefined;
    if (this.unfinishedPlan !== undefined) return 0;
    const now = Date.now();
    const next = nextLook(source, cursor);
    if (next === Infinity) return undefined;
    return (next > now ? next : nextLook(source, now)) - now;
  }

  private launch(tick: DueTick): void {
    const { jitterMs } = this.parts.timing;
    if (jitterMs === undefined) return void this.run(tick);
    const timer: Timer = after(Math.random() * jitterMs, () => {
      this.putOff.delete(timer);
      if (this.isDeleted) this.giveUp();
      else void this.run(tick);
    });
    this.putOff.add(timer);
  }

  private async run({ due, missed }: DueTick): Promise<void> {
    const tick = { recurring: this.parts.id, due, ...(missed !== undefined && { missed }) };
    // With overlap "allow", the run of a later tick may have ended before.
    const isEarlier = this.previous !== undefined && this.previous.due.getTime() < due;
    const ended = await this.parts.run(tick, isEarlier ? this.previous : undefined);
    if (!(this.previous && this.previous.due > ended.due)) this.previous = ended;
    this.unfinished -= 1;
    this.look();
  }

  private giveUp(): void {
    this.parts.logger.info(messages.timeoutDeleted(this.parts.id));
    this.stop();
  }

  /** A calendar of the application's own may throw; in a timer, that would end the process. */
  private guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.parts.logger.error(messages.ticksUnknown(this.parts.id, error), error as Error);
      this.wait(LONGEST_WAIT_MS);
    }
  }
}
