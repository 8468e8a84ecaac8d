import { Injectable } from '@nestjs/common';
import type { JobHook, JobInfo, RunOutcome } from '../contracts/index.js';
import { HandlerRegistry, type Handler } from '../discovery/index.js';
import { QueueRegistry } from '../engines/index.js';
import type { ManagedService } from '../lifecycle/index.js';
import { every, monotonicNow, type Timer } from '../timers/index.js';
import type { Repair } from './repair.js';
import { Repairs } from './repairs.service.js';

const SWEEP_INTERVAL_MS = 5_000;

/** More jobs than this are left to their queue's retention, not to this process's memory. */
const MAX_REMEMBERED = 100_000;

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
  private readonly ownAges = new Map<Handler, Record<'completed' | 'failed', number | undefined>>();
  private timer: Timer | undefined;
  private isSweeping = false;
  private readonly repair: Repair;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly queues: QueueRegistry,
    repairs: Repairs,
  ) {
    this.repair = repairs.of('early removal');
  }

  start(): Promise<void> {
    this.timer = every(SWEEP_INTERVAL_MS, () => void this.sweep()).unref();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.timer?.stop();
    return Promise.resolve();
  }

  onSettled(job: JobInfo, { status }: RunOutcome): void {
    if (status !== 'completed' && status !== 'failed') return;
    const ageMs = this.ownAgeMs(job, status);
    if (ageMs === undefined) return;
    const list = this.due.get(ageMs) ?? [];
    if (list.length >= MAX_REMEMBERED) return;
    this.due.set(ageMs, list);
    list.push({ queue: job.queue, id: job.id, at: monotonicNow() + ageMs });
  }

  /** The handler's retention where it is shorter than that of another handler of the queue. */
  private ownAgeMs(job: JobInfo, status: 'completed' | 'failed'): number | undefined {
    const handler = this.registry.byName(job.name);
    if (handler === undefined) return undefined;
    let ages = this.ownAges.get(handler);
    if (ages === undefined) {
      ages = {
        completed: this.shorter(handler, 'removeOnComplete'),
        failed: this.shorter(handler, 'removeOnFail'),
      };
      this.ownAges.set(handler, ages);
    }
    return ages[status];
  }

  private shorter(
    handler: Handler,
    option: 'removeOnComplete' | 'removeOnFail',
  ): number | undefined {
    const own = handler[option].ageMs;
    const all = this.registry.all.filter(({ queue }) => queue === handler.queue);
    const isShorter = all.some(
      (other) => own !== undefined && own < (other[option].ageMs ?? Infinity),
    );
    return isShorter ? own : undefined;
  }

  private async sweep(): Promise<void> {
    if (this.isSweeping) return;
    this.isSweeping = true;
    const now = monotonicNow();
    await this.repair.round(async (round) => {
      for (const list of this.due.values()) {
        const end = list.findIndex((job) => job.at > now);
        let done = 0;
        try {
          for (const { queue, id } of list.slice(0, end === -1 ? list.length : end)) {
            await round.one(`job ${queue}/${id}`, () => this.remove(queue, id));
            done += 1;
          }
        } finally {
          // What is left when the store is lost comes first in the next round.
          list.splice(0, done);
        }
      }
    });
    this.isSweeping = false;
  }

  private async remove(queue: string, id: string): Promise<void> {
    const job = await this.queues.get(queue).getJob(id);
    // Run again by hand since: it has a new end to come.
    if (job?.finishedOn !== undefined) await job.remove();
  }
}
