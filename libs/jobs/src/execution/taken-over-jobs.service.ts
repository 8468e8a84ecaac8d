import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine, type JobHook } from '../contracts/index.js';
import { handovers, unknownJobs, type Handover, type UnknownJob } from '../coordination/index.js';
import { HandlerRegistry } from '../discovery/index.js';
import { QueueRegistry } from '../engines/index.js';
import type { ManagedService } from '../lifecycle/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { pause } from '../timers/index.js';
import { RunningJobs } from './running-jobs.js';

/** So many are made ready together: while they are not claimed yet, any server may claim them. */
const AT_ONCE = 3;

/**
 * A job that is made ready is claimed within this time, as a rule, in ms; until then its place
 * counts as taken.
 */
const CLAIMED_WITHIN_MS = 15;

/** So many are remembered of a queue: what is forgotten comes back to its queue by itself. */
const MOST_WAITING = 10_000;

/**
 * Takes jobs over that servers without their handlers have claimed: makes them ready as soon as
 * this process has room for them. Another server may claim one before this one does, and hands it
 * over again.
 * @internal
 */
@Injectable()
export class TakenOverJobs implements ManagedService, JobHook {
  readonly name = 'taken over jobs';
  private readonly waiting = new Map<string, Map<string, Handover>>();
  private readonly taking = new Set<string>();
  private unsubscribe: (() => Promise<void>) | undefined;
  private isStopped = true;
  /** Gives jobs that no server knew their places in lines again. Returns those that have none. */
  private stand: (jobs: readonly UnknownJob[]) => Promise<readonly UnknownJob[]> = (jobs) =>
    Promise.resolve(jobs);

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
    const known = unknown.flat().filter((job) => this.isKnown(job));
    for (const job of await this.stand(known)) this.offer(job);
    for (const job of known) await unknownJobs.forget(store, job);
  }

  /** Has jobs with places in lines made ready in their turns, and not by this. */
  leaveLinesTo(stand: TakenOverJobs['stand']): void {
    this.stand = stand;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.waiting.clear();
    await this.unsubscribe?.();
    this.unsubscribe = undefined;
  }

  /** There may be room again. */
  onSettled({ queue }: { queue: string }): void {
    if (this.waiting.size > 0) this.takeSoon(queue);
  }

  private isKnown({ queue, name }: Handover): boolean {
    const { registry } = this;
    return registry.byName(name) !== undefined && registry.workedQueues.includes(queue);
  }

  private offer(handover: Handover): void {
    if (!this.isKnown(handover)) return;
    const { queue, id } = handover;
    const waiting = this.waiting.get(queue) ?? new Map<string, Handover>();
    this.waiting.set(queue, waiting);
    if (waiting.size < MOST_WAITING) waiting.set(id, handover);
    this.takeSoon(queue);
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
