import { Injectable } from '@nestjs/common';
import type { JobHook, JobInfo, ManagedService, RunOutcome } from '../contracts/index.js';
import { HandlerRegistry } from '../discovery/index.js';
import { QueueRegistry } from '../engines/index.js';

const SWEEP_INTERVAL_MS = 5_000;

/**
 * Removes finished jobs whose handler keeps them for less time than its queue does. (BullMQ has one
 * retention for all jobs of a queue.) Only this process remembers them: if it crashes, they go when
 * the queue's retention is over.
 * @internal
 */
@Injectable()
export class EarlyRemoval implements JobHook, ManagedService {
  readonly name = 'early removal';
  /** Jobs to remove by their retention; each list is in the order of its due times. */
  private readonly due = new Map<number, { queue: string; id: string; at: number }[]>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly queues: QueueRegistry,
  ) {}

  start(): Promise<void> {
    this.timer = setInterval(() => void this.sweep(), SWEEP_INTERVAL_MS).unref();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    clearInterval(this.timer);
    return Promise.resolve();
  }

  onSettled(job: JobInfo, { status }: RunOutcome): void {
    if (status !== 'completed' && status !== 'failed') return;
    const ageMs = this.ownAgeMs(job, status);
    if (ageMs === undefined) return;
    const list = this.due.get(ageMs) ?? [];
    this.due.set(ageMs, list);
    list.push({ queue: job.queue, id: job.id, at: Date.now() + ageMs });
  }

  /** The handler's retention where it is shorter than that of another handler of the queue. */
  private ownAgeMs(job: JobInfo, status: 'completed' | 'failed'): number | undefined {
    const option = status === 'completed' ? 'removeOnComplete' : 'removeOnFail';
    const own = this.registry.byName(job.name)?.[option].ageMs;
    if (own === undefined) return undefined;
    return own < this.longestOf(job.queue, option) ? own : undefined;
  }

  private readonly longest = new Map<string, number>();

  private longestOf(queue: string, option: 'removeOnComplete' | 'removeOnFail'): number {
    const key = `${option}:${queue}`;
    let longest = this.longest.get(key);
    if (longest === undefined) {
      const ages = this.registry.all.filter((h) => h.queue === queue).map((h) => h[option].ageMs);
      longest = Math.max(0, ...ages.map((age) => age ?? Number.POSITIVE_INFINITY));
      this.longest.set(key, longest);
    }
    return longest;
  }

  private async sweep(): Promise<void> {
    const now = Date.now();
    for (const list of this.due.values()) {
      const end = list.findIndex((job) => job.at > now);
      for (const { queue, id } of list.splice(0, end === -1 ? list.length : end)) {
        await this.remove(queue, id).catch(() => undefined);
      }
    }
  }

  private async remove(queue: string, id: string): Promise<void> {
    const job = await this.queues.get(queue).getJob(id);
    // Run again by hand since: it has a new end to come.
    if (job?.finishedOn !== undefined) await job.remove();
  }
}
