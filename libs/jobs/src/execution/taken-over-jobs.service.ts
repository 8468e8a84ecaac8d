import { Inject, Injectable } from '@nestjs/common';
import {
  handovers,
  JOBS_ENGINE,
  unknownJobs,
  type Engine,
  type Handover,
  type JobHook,
  type ManagedService,
} from '../contracts/index.js';
import { HandlerRegistry } from '../discovery/index.js';
import { endsWithin, QueueRegistry } from '../engines/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { pause } from '../timers/index.js';
import { RunningJobs } from './running-jobs.js';

/** So many are made ready together: while they are not claimed yet, any server may claim them. */
const AT_ONCE = 3;

/** A job that is made ready is claimed within this time, as a rule, in ms; until then its place counts as taken. */
const CLAIMED_WITHIN_MS = 15;

/** So many are remembered of a queue: what is forgotten comes back to its queue by itself. */
const MOST_WAITING = 10_000;

const GOODBYE_TIMEOUT_MS = 1_000;

/**
 * Takes jobs over that servers without their handlers have claimed: makes them ready as soon as this process has room
 * for them. Another server may claim one before this one does, and hands it over again.
 * @internal
 */
@Injectable()
export class TakenOverJobs implements ManagedService, JobHook {
  readonly name = 'taken over jobs';
  private readonly waiting = new Map<string, Map<string, Handover>>();
  private readonly taking = new Set<string>();
  private unsubscribe: (() => Promise<void>) | undefined;
  private isStopped = true;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly running: RunningJobs,
    private readonly queues: QueueRegistry,
    private readonly logger: JobLogger,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  async start(): Promise<void> {
    const { workedQueues } = this.registry;
    if (workedQueues.length === 0) return;
    this.isStopped = false;
    const { store } = this.engine;
    this.unsubscribe = await handovers.listen(store, (handover) => this.offer(handover));
    const unknown = await Promise.all(workedQueues.map((queue) => unknownJobs.of(store, queue)));
    for (const job of unknown.flat()) if (this.offer(job)) await unknownJobs.forget(store, job);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.waiting.clear();
    if (this.unsubscribe) await endsWithin(GOODBYE_TIMEOUT_MS, this.unsubscribe());
    this.unsubscribe = undefined;
  }

  /** There may be room again. */
  onSettled({ queue }: { queue: string }): void {
    if (this.waiting.size > 0) this.takeSoon(queue);
  }

  /** @returns whether it is one for this server */
  private offer(handover: Handover): boolean {
    const { queue, id, name } = handover;
    const { registry } = this;
    if (registry.byName(name) === undefined || !registry.workedQueues.includes(queue)) return false;
    const waiting = this.waiting.get(queue) ?? new Map<string, Handover>();
    this.waiting.set(queue, waiting);
    if (waiting.size < MOST_WAITING) waiting.set(id, handover);
    this.takeSoon(queue);
    return true;
  }

  private takeSoon(queue: string): void {
    if (this.isStopped || this.taking.has(queue)) return;
    this.taking.add(queue);
    void this.take(queue)
      .catch((error: Error) => {
        // They come back to their queue by themselves.
        this.waiting.delete(queue);
        if (!this.engine.isConnectionError(error))
          this.logger.error(messages.workerError(queue, error), error);
      })
      .finally(() => this.taking.delete(queue));
  }

  /** Ends when there is no room: the end of a run starts it again. */
  private async take(queue: string): Promise<void> {
    for (;;) {
      const waiting = this.waiting.get(queue);
      const next = [...(waiting?.values() ?? [])].slice(0, Math.min(this.roomIn(queue), AT_ONCE));
      if (this.isStopped || next.length === 0) break;
      for (const { id } of next) waiting!.delete(id);
      if (waiting!.size === 0) this.waiting.delete(queue);
      await Promise.all(next.map((handover) => this.makeReady(handover)));
      await pause(CLAIMED_WITHIN_MS);
    }
  }

  private roomIn(queue: string): number {
    const { concurrency } = this.options.queues.get(queue) ?? this.options;
    const running = this.running.all().filter((run) => run.queue === queue).length;
    return Math.max(0, concurrency - running);
  }

  private async makeReady({ queue, id, claims }: Handover): Promise<void> {
    const job = await this.queues.get(queue).getJob(id);
    // Anything else may be delayed for a reason of its own.
    if (job === undefined || job.attemptsStarted !== claims || job.finishedOn !== undefined) return;
    // Another server may be faster.
    await job.promote().catch(() => undefined);
  }
}
