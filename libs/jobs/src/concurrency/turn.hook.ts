import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  JOBS_ENGINE,
  type ClaimDecision,
  type Engine,
  type JobHook,
  type JobInfo,
  type RunningJob,
  type RunOutcome,
  type TurnStep,
} from '../contracts/index.js';
import { HandlerRegistry, type ConcurrencyLimit } from '../discovery/index.js';
import { RunningJobs } from '../execution/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { after, monotonicNow, type Timer } from '../timers/index.js';
import { LimitBook } from './limit-book.service.js';
import { LinesSweep } from './lines-sweep.service.js';
import { Lines } from './lines.js';
import { TurnRepairs } from './turn-repairs.js';
import { PARKED_MS } from './parking.js';
import { lineOf, storedKey } from './stored-limit-key.js';

/**
 * That a reserved turn is in use is noted after so long at most, in ms: well before it would be
 * looked at.
 */
const NOTE_AFTER_MS = 200;

const SKIPPED = 'as many jobs of its concurrency key as may are running';

/** A ticket of a claimed job. */
interface Held {
  readonly step: Omit<TurnStep, 'action'>;
  /** Whether it went back to its line, and holds no turn. */
  isParked: boolean;
  /** When its turn was last known to be its own, on the clock that nobody sets. */
  renewedAt: number;
}

/**
 * Lets a claimed job run in its turn alone, by whatever way it came to be claimed: it starts the
 * turn that the job has, or takes one that is free, or sends the job back to its place in the line.
 * @internal
 */
@Injectable()
export class TurnHook implements JobHook {
  private readonly held = new WeakMap<JobInfo, Held>();
  /** Runs whose turn is still a reserved one in the store. */
  private readonly unnoted = new Set<Held>();
  private noting: Timer | undefined;
  private readonly process = randomUUID().slice(0, 13);
  private runs = 0;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly lines: Lines,
    private readonly repairs: TurnRepairs,
    private readonly book: LimitBook,
    private readonly running: RunningJobs,
    private readonly logger: JobLogger,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
    sweep: LinesSweep,
  ) {
    sweep.beforeSweep(() => this.renewOverdue());
  }

  onClaimed(job: RunningJob): Promise<ClaimDecision> | undefined {
    const concurrency = this.registry.byName(job.name)?.concurrency;
    if (concurrency === undefined || job.stored === undefined) return undefined;
    return this.claim(job, concurrency);
  }

  onRenewed(jobs: readonly RunningJob[]): void {
    for (const job of jobs) {
      const held = this.held.get(job);
      if (held !== undefined && !held.isParked) void this.renew(held, this.options.lockDurationMs);
    }
  }

  onSettled(job: JobInfo, outcome: RunOutcome): void {
    if (this.registry.byName(job.name)?.concurrency === undefined) return;
    this.settle(job, outcome).catch((error: unknown) => this.report(error));
  }

  private async claim(job: RunningJob, concurrency: ConcurrencyLimit): Promise<ClaimDecision> {
    const key = storedKey(job, 'concurrency', concurrency.key);
    const held: Held = {
      isParked: false,
      renewedAt: monotonicNow(),
      step: {
        key: `${concurrency.group}|${key}`,
        queue: job.queue,
        id: job.id,
        limit: this.book.concurrencyOf(concurrency, key),
        run: `${this.process}:${(this.runs += 1)}`,
        ttlMs: this.options.lockDurationMs,
      },
    };
    // Before the answer: one that is lost may have been yes.
    this.held.set(job, held);
    const hasTurn = await this.start(held, concurrency.isSkipping);
    if (hasTurn) {
      job.onExtended = async (durationMs) => this.renew(held, durationMs);
      return { action: 'run' };
    }
    if (concurrency.isSkipping) return { action: 'complete', result: null, reason: SKIPPED };
    held.isParked = true;
    return { action: 'postpone', delayMs: PARKED_MS };
  }

  private async start(held: Held, isSkipping: boolean): Promise<boolean> {
    const { step } = held;
    if (!isSkipping && this.engine.turns.isReserved?.(step, step.limit)) {
      // A turn that is reserved counts as much as one in use. What is short need not be noted at
      // all.
      this.noteLater(held);
      return true;
    }
    return this.lines.step({ ...step, action: isSkipping ? 'try' : 'start' });
  }

  private noteLater(held: Held): void {
    this.unnoted.add(held);
    this.noting ??= after(NOTE_AFTER_MS, () => {
      this.noting = undefined;
      for (const { step } of this.unnoted)
        this.lines.step({ ...step, action: 'start' }).catch(() => undefined);
      this.unnoted.clear();
    }).unref();
  }

  private async renew(held: Held, ttlMs: number): Promise<void> {
    const sentAt = monotonicNow();
    const step = { ...this.current(held.step), action: 'renew', ttlMs } as const;
    // The next renewal will do.
    await this.lines.step(step).then(
      () => void (held.renewedAt = sentAt),
      () => undefined,
    );
  }

  /** The event loop may have been blocked for longer than a turn lasts. */
  private async renewOverdue(): Promise<void> {
    const { lockDurationMs } = this.options;
    const latest = monotonicNow() - lockDurationMs * 0.75;
    const all = this.running.all().flatMap((run) => this.held.get(run) ?? []);
    const overdue = all.filter(({ isParked, renewedAt }) => !isParked && renewedAt < latest);
    await Promise.all(overdue.map((held) => this.renew(held, lockDurationMs)));
  }

  private async settle(job: JobInfo, { status }: RunOutcome): Promise<void> {
    const isOver = status === 'completed' || status === 'failed';
    const held = this.held.get(job) ?? (isOver ? this.unclaimed(job) : undefined);
    if (held === undefined) return;
    this.held.delete(job);
    this.unnoted.delete(held);
    const step = this.current(held.step);
    if (isOver) await this.lines.step({ ...step, action: 'end' });
    else if (!held.isParked) await this.lines.step({ ...step, action: 'leave' });
    // Its turn may have come before it was back in its line, when it could not be made ready.
    else if (await this.lines.step({ ...step, action: 'take' })) await this.repairs.promote(step);
  }

  /** A turn that is not given back ends with its time. */
  private report(error: unknown): void {
    if (!this.engine.isConnectionError(error)) this.logger.error(messages.linesFailed(error));
  }

  /** The limit may have changed since the job was claimed. */
  private current(step: Held['step']): Held['step'] {
    return { ...step, limit: this.lines.limitOf(step.key, step.limit) };
  }

  /** A job that ended without being asked about, as a cancelled one does, still has its ticket. */
  private unclaimed(job: RunningJob | JobInfo): Held | undefined {
    const options = ('stored' in job && job.stored?.options) || {};
    const key = lineOf(options, this.registry.byName(job.name)?.concurrency);
    if (key === undefined) return undefined;
    const limit = this.lines.limitOf(key, 1);
    return { isParked: true, renewedAt: 0, step: { key, queue: job.queue, id: job.id, limit } };
  }
}
