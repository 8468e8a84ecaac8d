import { Injectable } from '@nestjs/common';
import { Fleet, Repairs, WorkersService, type Repair } from '../execution/index.js';
import { StartContext, type ManagedService } from '../lifecycle/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { after, monotonicNow, nextTurn } from '../timers/index.js';
import { Declarations } from './declarations.js';
import { Leadership } from './leadership.js';
import { ScheduleBook } from './schedule-book.js';
import { replanned } from './schedule.js';
import { ScheduleStore } from './schedule-store.js';
import { TickClock } from './tick-clock.js';
import { TickRunner } from './tick-runner.js';

/** How often the leader reads all recurring jobs anew: messages are hints, the store decides. */
const RELOAD_MS = 30_000;

/** How often what is stored is compared with what the live processes declare, in ms. */
const REVIEW_MS = 10_000;

/**
 * So many recurring jobs are dealt with between two looks at the lease and at whether to stop:
 * thousands may be due at one instant.
 */
const AT_ONCE = 200;

/** Pause after the store failed. */
const OUTAGE_PAUSE_MS = 1_000;

/** What a leader tells the others when it stops, so that one of them takes its place at once. */
const LEADER_LEFT = '';

/**
 * Enqueues what is due, in the one process of the fleet that leads.
 * @internal
 */
@Injectable()
export class TickerService implements ManagedService {
  readonly name = 'recurring jobs';
  private stopping = false;
  private running: Promise<void> | undefined;
  private isWoken = false;
  private endSleep: (() => void) | undefined;
  private unsubscribe: (() => Promise<void>) | undefined;
  private reloadAt = 0;
  private reviewAt = 0;
  private readonly rounds: Repair;

  constructor(
    private readonly workers: WorkersService,
    private readonly store: ScheduleStore,
    private readonly book: ScheduleBook,
    private readonly runner: TickRunner,
    private readonly leadership: Leadership,
    private readonly clock: TickClock,
    private readonly declarations: Declarations,
    private readonly fleet: Fleet,
    private readonly context: StartContext,
    private readonly logger: JobLogger,
    repairs: Repairs,
  ) {
    this.rounds = repairs.of('recurring jobs');
  }

  async start(): Promise<void> {
    if (this.workers.queues.length === 0) return;
    this.unsubscribe = await this.store.onChange((id) => {
      if (id === LEADER_LEFT) this.leadership.askNow();
      else this.book.suspect(id);
      this.wake();
    });
    this.fleet.onChange(() => {
      this.reviewAt = 0;
      this.wake();
    });
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.running;
  }

  async leave(): Promise<void> {
    await Promise.all([this.resign(), this.unsubscribe?.()]);
  }

  private async resign(): Promise<void> {
    if (!this.leadership.isLeading) return;
    await this.leadership.resign();
    await this.store.tell(LEADER_LEFT);
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      let pause = OUTAGE_PAUSE_MS;
      const isDone = await this.rounds.round(async () => {
        pause = await this.context.run(() => this.step());
      });
      // What was read may be old by the time the store is back.
      if (!isDone) this.reloadAt = 0;
      if (pause > 0) await this.sleep(pause);
      // Many searches may follow each other without a pause: others have their turn.
      else await nextTurn();
    }
  }

  /** @returns how long to wait for the next one, in ms */
  private async step(): Promise<number> {
    const led = this.leadership.isLeading;
    if (!(await this.leadership.claim())) {
      // Whoever begins to lead reads everything, so hints are of no use until then.
      this.book.forgetSuspects();
      return this.leadership.dueIn;
    }
    const isDue = monotonicNow() >= this.reloadAt;
    if (!led || isDue || this.clock.isDoubtful || this.clock.stepMs !== 0) await this.reload();
    await this.book.refresh();
    if (monotonicNow() >= this.reviewAt) await this.review();
    if (this.stopping) return 0;
    await this.runner.run(this.book.due(this.clock.now(), AT_ONCE));
    if (this.book.hasSuspects) return 0;
    const nextTick = this.book.nextDue - this.clock.now();
    const nextLook = Math.min(this.reloadAt, this.reviewAt) - monotonicNow();
    return Math.min(nextTick, this.leadership.dueIn, nextLook);
  }

  private async reload(): Promise<void> {
    this.reloadAt = monotonicNow() + RELOAD_MS;
    await this.clock.adjust();
    const { stepMs } = this.clock;
    if (stepMs !== 0) this.logger.warn(messages.clockStepped(stepMs));
    await this.book.load();
    await this.replan();
    this.clock.forgetStep();
    this.reviewAt = 0;
  }

  /** What was dealt with up to a moment that is still to come would have no ticks until then. */
  private async replan(): Promise<void> {
    const now = this.clock.now();
    for (const { id, schedule } of this.book.all()) {
      if (replanned(schedule, now) === schedule) continue;
      this.logger.warn(messages.plannedAnew(id, schedule.progress.cursor - now));
      await this.store.change(id, (stored) => stored && replanned(stored, now));
      this.book.suspect(id);
    }
  }

  private async review(): Promise<void> {
    this.reviewAt = monotonicNow() + REVIEW_MS;
    const isUnreadable = (id: string) => this.book.isUnreadable(id);
    const all = this.book.all();
    const undeclared = await this.declarations.review(all, this.clock.now(), isUnreadable);
    for (const id of undeclared) this.book.setAside(id);
  }

  private wake(): void {
    this.isWoken = true;
    this.endSleep?.();
  }

  private async sleep(ms: number): Promise<void> {
    if (!this.isWoken) {
      await new Promise<void>((resolve) => {
        const timer = after(Math.min(ms, RELOAD_MS), resolve);
        this.endSleep = () => {
          timer.stop();
          resolve();
        };
      });
    }
    this.isWoken = false;
  }
}
