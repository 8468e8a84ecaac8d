import { Inject, Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import {
  JOBS_ENGINE,
  type DueTicket,
  type Engine,
  type Ticket,
  type TurnChanges,
  type TurnStep,
  type TurnSweep,
} from '../contracts/index.js';
import { HandlerRegistry, type ConcurrencyLimit } from '../discovery/index.js';
import { QueueRegistry } from '../engines/index.js';
import { Repairs, type Repair } from '../execution/index.js';
import { endsWithin, type ManagedService } from '../lifecycle/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { after, pause, type Timer } from '../timers/index.js';
import { ArrivingJobs } from './arriving-jobs.js';
import { CallBatch } from './call-batch.js';
import { LimitBook } from './limit-book.service.js';
import { isParked } from './parking.js';

/** Most tickets of one sweep. */
const SWEEP_SIZE = 500;

/** A sweep is this late at least, in ms, so that several turns that end together are freed together. */
const SWEEP_DELAY_MS = 25;

/** Between two sweeps of a process, in ms; and when one has met what it could not deal with. */
const SHORTEST_PAUSE_MS = 100;
const PAUSE_AFTER_FAULT_MS = 1_000;

/** A job whose ticket is younger may still be on its way into the store, in ms. */
const ON_ITS_WAY_MS = 60_000;

/** The pauses between looks for a job whose turn came before it was stored, in ms: another process may be storing it. */
const ARRIVAL_PAUSES_MS = [5, 10, 20, 40];

const STOP_TIMEOUT_MS = 2_000;

/**
 * The lines of concurrency keys as this process sees them: takes steps in them, makes jobs ready whose turn has come,
 * and repairs what a crash left behind.
 *
 * A crash between any two steps leaves a ticket that is due sooner or later: a turn that nobody renews, a turn that
 * nobody uses (its job was not stored, or not made ready), or a job that is away. Every process sweeps, so that a key
 * is never stuck while one lives.
 * @internal
 */
@Injectable()
export class LinesService implements ManagedService {
  readonly name = 'concurrency keys';
  readonly boundsItsStop = true;
  private readonly steps = new CallBatch<TurnStep, boolean>((steps) => this.apply(steps));
  private timer: Timer | undefined;
  private sweeping: Promise<void> | undefined;
  private isStopped = true;
  private readonly stopping = new AbortController();
  /** Whether a handler has concurrency keys. Else an earlier version may have left jobs that wait for a turn. */
  private isLimited = false;
  private readonly repair: Repair;
  /** Renews the turns of this process that are overdue: what it runs itself it must not sweep away. */
  private renewOwn: () => Promise<void> = () => Promise.resolve();

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly queues: QueueRegistry,
    private readonly book: LimitBook,
    private readonly arriving: ArrivingJobs,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
    repairs: Repairs,
  ) {
    this.repair = repairs.of('concurrency keys');
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
    this.stopping.abort();
    this.timer?.stop();
    await endsWithin(STOP_TIMEOUT_MS, Promise.all([this.sweeping, this.steps.whenIdle()]));
  }

  /** Has something done before each sweep. */
  beforeSweep(renewOwn: () => Promise<void>): void {
    this.renewOwn = renewOwn;
  }

  /** Takes a step together with others of this process. @returns whether the job has a turn after it */
  step(step: TurnStep): Promise<boolean> {
    return this.steps.add(step);
  }

  /** Takes steps at once. @returns for each whether the job has a turn after it */
  async apply(steps: readonly TurnStep[]): Promise<readonly boolean[]> {
    const reply = await this.engine.turns.apply(steps);
    this.follow(reply);
    return reply.hasTurn;
  }

  /** The step by which those who wait get the turns of a key that are free. */
  advanceOf(key: string): TurnStep {
    return { action: 'advance', key, queue: '', id: '', limit: this.limitOf(key, 1) };
  }

  /** The limit of a key; the given one where no handler of this process has it. */
  limitOf(key: string, otherwise: number): number {
    const end = key.indexOf('|');
    const concurrency = this.groupNamed(key.slice(0, end));
    if (concurrency === undefined) return otherwise;
    try {
      return this.book.concurrencyOf(concurrency, key.slice(end + 1));
    } catch (error) {
      this.repair.failed(`the limit of ${key}`, error);
      return otherwise;
    }
  }

  /** Makes a job ready to run whose turn has come. */
  async promote(ticket: Ticket): Promise<void> {
    try {
      await this.queues.get(ticket.queue).getBackend().promote(ticket.id);
    } catch (error) {
      // Left to the sweep, which finds a turn that nobody uses.
      if (!this.engine.isConnectionError(error)) await this.inspect(ticket);
    }
  }

  /** Looks at a ticket whose job is not what it should be. */
  async inspect(ticket: Ticket, due?: DueTicket): Promise<void> {
    const { state = 'reserved', ageMs = 0, limit = 1 } = due ?? {};
    const job = await (due === undefined ? this.findArriving(ticket) : this.find(ticket));
    const step = { ...ticket, limit: this.limitOf(ticket.key, limit) };
    if (job === undefined) {
      if (ageMs > ON_ITS_WAY_MS) await this.step({ ...step, action: 'end' });
      else if (state === 'reserved') await this.step({ ...step, action: 'leave' });
    } else if (job.finishedOn !== undefined) {
      await this.step({ ...step, action: 'end' });
    } else if (await job.isDelayed()) {
      await this.wake(job, step, state);
    }
  }

  private find({ queue, id }: Ticket): Promise<Job | undefined> {
    return this.queues.get(queue).getJob(id);
  }

  /** Its turn is kept for a job that is just being stored: without it the job would be overtaken. */
  private async findArriving(ticket: Ticket): Promise<Job | undefined> {
    const { signal } = this.stopping;
    for (const ms of ARRIVAL_PAUSES_MS) {
      const job = await this.find(ticket);
      if (job !== undefined || signal.aborted) return job;
      await (this.arriving.arrivalOf(ticket) ?? pause(ms, { signal, background: true }));
    }
    return this.find(ticket);
  }

  private async wake(
    job: Job,
    step: Omit<TurnStep, 'action'>,
    state: DueTicket['state'],
  ): Promise<void> {
    // One that is away waits for its next attempt, unless it is parked without being in the line.
    if (state === 'away' && !isParked(job)) return;
    const hasTurn = state === 'reserved' || (await this.step({ ...step, action: 'take' }));
    if (hasTurn) await job.promote().catch(() => undefined);
  }

  private follow({ toInspect }: TurnChanges): void {
    for (const ticket of toInspect)
      this.repair.one(nameOf(ticket), () => this.inspect(ticket)).catch(() => undefined);
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
      this.follow(sweep);
      for (const ticket of sweep.failed) this.repair.failed(nameOf(ticket), ticket.error);
      await this.repair.each(sweep.due, nameOf, (ticket) => this.inspect(ticket, ticket));
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
      if (keys.length > 0) await this.apply(keys.map((key) => this.advanceOf(key)));
    }
  }

  private groupNamed(name: string): ConcurrencyLimit | undefined {
    const { enqueued } = this.registry;
    return enqueued.find(({ concurrency }) => concurrency?.group === name)?.concurrency;
  }
}

function nameOf({ queue, id, key }: Ticket): string {
  return `job ${queue}/${id} of the key ${key}`;
}
