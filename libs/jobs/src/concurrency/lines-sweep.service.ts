import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine, type TurnSweep } from '../contracts/index.js';
import { HandlerRegistry } from '../discovery/index.js';
import { Repairs, type Repair } from '../execution/index.js';
import { endsWithin, type ManagedService } from '../lifecycle/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { after, type Timer } from '../timers/index.js';
import { LimitBook } from './limit-book.service.js';
import { Lines, LINES } from './lines.js';
import { nameOf, TurnRepairs } from './turn-repairs.js';

/** Most tickets of one sweep. */
const SWEEP_SIZE = 500;

/**
 * A sweep is this late at least, in ms, so that several turns that end together are freed together.
 */
const SWEEP_DELAY_MS = 25;

/** Between two sweeps of a process, in ms; and when one has met what it could not deal with. */
const SHORTEST_PAUSE_MS = 100;
const PAUSE_AFTER_FAULT_MS = 1_000;

const STOP_TIMEOUT_MS = 2_000;

/**
 * Repairs what crashes left behind in the lines of concurrency keys.
 *
 * A crash between any two steps leaves a ticket that is due sooner or later: a turn that nobody
 * renews, a turn that nobody uses (its job was not stored, or not made ready), or a job that is
 * away. Every process sweeps, so that a key is never stuck while one lives.
 * @internal
 */
@Injectable()
export class LinesSweep implements ManagedService {
  readonly name = LINES;
  readonly boundsItsStop = true;
  private timer: Timer | undefined;
  private sweeping: Promise<void> | undefined;
  private isStopped = true;
  /**
   * Whether a handler has concurrency keys. Else an earlier version may have left jobs that wait
   * for a turn.
   */
  private isLimited = false;
  private readonly repair: Repair;
  /**
   * Renews the turns of this process that are overdue: what it runs itself it must not sweep away.
   */
  private renewOwn: () => Promise<void> = () => Promise.resolve();

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly lines: Lines,
    private readonly turns: TurnRepairs,
    private readonly book: LimitBook,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
    repairs: Repairs,
  ) {
    this.repair = repairs.of(LINES);
  }

  start(): Promise<void> {
    this.isLimited = this.registry.all.some(({ concurrency }) => concurrency !== undefined);
    if (this.isLimited)
      this.book.onChange(() => {
        this.repair.one('the change of a limit', () => this.advanceAll()).catch(() => undefined);
      });
    if (this.options.workers !== false) {
      this.isStopped = false;
      this.sweepIn(0);
    }
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.turns.stop();
    this.timer?.stop();
    await endsWithin(STOP_TIMEOUT_MS, Promise.all([this.sweeping, this.lines.whenIdle()]));
  }

  /** Has something done before each sweep. */
  beforeSweep(renewOwn: () => Promise<void>): void {
    this.renewOwn = renewOwn;
  }

  private sweepIn(ms: number): void {
    if (this.isStopped) return;
    this.timer = after(ms, () => {
      this.sweeping = this.sweep().then((pauseMs) => {
        if (pauseMs !== undefined) this.sweepIn(pauseMs);
      });
    }).unref();
  }

  /** @returns when to sweep again, in ms; undefined when there never will be anything to find */
  private async sweep(): Promise<number | undefined> {
    let pauseMs: number | undefined = this.options.sweepIntervalMs;
    await this.repair.round(async () => {
      await this.renewOwn();
      const sweep = await this.engine.turns.sweep(SWEEP_SIZE);
      this.turns.follow(sweep);
      for (const ticket of sweep.failed) this.repair.failed(nameOf(ticket), ticket.error);
      await this.repair.each(sweep.due, nameOf, (ticket) => this.turns.inspect(ticket, ticket));
      pauseMs = this.pauseAfter(sweep);
    });
    return pauseMs;
  }

  private pauseAfter({ failed, nextInMs }: TurnSweep): number | undefined {
    const { sweepIntervalMs } = this.options;
    if (!this.isLimited && nextInMs === undefined) return undefined;
    const pauseMs = (nextInMs ?? sweepIntervalMs) + SWEEP_DELAY_MS * (1 + Math.random());
    const shortest = failed.length > 0 ? PAUSE_AFTER_FAULT_MS : SHORTEST_PAUSE_MS;
    return Math.max(Math.min(pauseMs, sweepIntervalMs), shortest);
  }

  /** A limit may have been raised: those who wait need not wait for the next end of a run. */
  private async advanceAll(): Promise<void> {
    const groups = new Set(this.registry.all.map(({ concurrency }) => concurrency?.group));
    for (const group of groups) {
      if (group === undefined) continue;
      const keys = await this.engine.turns.keys(`${group}|`);
      if (keys.length > 0) await this.lines.apply(keys.map((key) => this.lines.advanceOf(key)));
    }
  }
}
