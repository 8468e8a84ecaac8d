import { Inject, Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import {
  JOBS_ENGINE,
  type DueTicket,
  type Engine,
  type Ticket,
  type TurnChanges,
  type TurnStep,
} from '../contracts/index.js';
import { QueueRegistry } from '../engines/index.js';
import { Repairs, type Repair } from '../execution/index.js';
import { pause } from '../timers/index.js';
import { ArrivingJobs } from './arriving-jobs.js';
import { Lines, LINES } from './lines.js';
import { isParked } from './parking.js';

/** A job whose ticket is younger may still be on its way into the store, in ms. */
const ON_ITS_WAY_MS = 60_000;

/**
 * The pauses between looks for a job whose turn came before it was stored, in ms: another process
 * may be storing it.
 */
const ARRIVAL_PAUSES_MS = [5, 10, 20, 40];

/**
 * Makes jobs ready to run whose turn has come and that the store could not make ready itself. As a
 * rule it does, with the step by which a turn becomes free (see turn.hook.ts, and `advance` in the
 * turn scripts of each engine); here is what it leaves: jobs that are not stored yet, not parked
 * any more, or gone.
 * @internal
 */
@Injectable()
export class TurnRepairs {
  private readonly repair: Repair;
  private readonly stopping = new AbortController();

  constructor(
    private readonly lines: Lines,
    private readonly queues: QueueRegistry,
    private readonly arriving: ArrivingJobs,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    repairs: Repairs,
  ) {
    this.repair = repairs.of(LINES);
    lines.onChanges((changes) => this.follow(changes));
  }

  /** Waits for no job any more that is on its way into the store. */
  stop(): void {
    this.stopping.abort();
  }

  /** Makes a job ready to run. */
  async promote(ticket: Ticket): Promise<void> {
    try {
      await this.queues.get(ticket.queue).getBackend().promote(ticket.id);
    } catch (error) {
      // Left to the sweep, which finds a turn that nobody uses.
      if (!this.engine.isConnectionError(error)) await this.inspect(ticket);
    }
  }

  /** Sees to the jobs with a turn that the store could not make ready. */
  follow({ toInspect }: TurnChanges): void {
    for (const ticket of toInspect)
      this.repair.one(nameOf(ticket), () => this.inspect(ticket)).catch(() => undefined);
  }

  /** Looks at a ticket whose job is not what it should be. */
  async inspect(ticket: Ticket, due?: DueTicket): Promise<void> {
    const { state = 'reserved', ageMs = 0, limit = 1 } = due ?? {};
    const job = await (due === undefined ? this.findArriving(ticket) : this.find(ticket));
    const step = { ...ticket, limit: this.lines.limitOf(ticket.key, limit) };
    if (job === undefined) {
      if (ageMs > ON_ITS_WAY_MS) await this.lines.step({ ...step, action: 'end' });
      else if (state === 'reserved') await this.lines.step({ ...step, action: 'leave' });
    } else if (job.finishedOn !== undefined) {
      await this.lines.step({ ...step, action: 'end' });
    } else if (await job.isDelayed()) {
      await this.wake(job, step, state);
    }
  }

  private find({ queue, id }: Ticket): Promise<Job | undefined> {
    return this.queues.get(queue).getJob(id);
  }

  /**
   * Its turn is kept for a job that is just being stored: without it the job would be overtaken.
   */
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
    const hasTurn = state === 'reserved' || (await this.lines.step({ ...step, action: 'take' }));
    if (hasTurn) await job.promote().catch(() => undefined);
  }
}

/** What a ticket is called by its repairs. @internal */
export function nameOf({ queue, id, key }: Ticket): string {
  return `job ${queue}/${id} of the key ${key}`;
}
