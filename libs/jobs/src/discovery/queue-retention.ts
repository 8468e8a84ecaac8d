import type { KeepJobs } from 'bullmq';
import { Inject, Injectable } from '@nestjs/common';
import { JOBS_OPTIONS, type ResolvedOptions, type ResolvedRetention } from '../options/index.js';
import { HandlerRegistry } from './handler.registry.js';

/** What BullMQ is told of a queue's finished jobs. @internal */
export interface KeptJobs {
  readonly removeOnComplete: KeepJobs | false;
  readonly removeOnFail: KeepJobs | false;
}

/**
 * BullMQ applies the retention of whichever job finishes to *all* finished jobs of its queue. So a
 * queue has one: the longest that its handlers ask for. Shorter ones are applied job by job, by the
 * worker that ran the job.
 * @internal
 */
@Injectable()
export class QueueRetention {
  private readonly cache = new Map<string, KeptJobs>();

  constructor(
    private readonly registry: HandlerRegistry,
    @Inject(JOBS_OPTIONS) private readonly defaults: ResolvedOptions,
  ) {}

  of(queue: string): KeptJobs {
    let kept = this.cache.get(queue);
    if (kept === undefined) this.cache.set(queue, (kept = this.compute(queue)));
    return kept;
  }

  private compute(queue: string): KeptJobs {
    const handlers = this.registry.all.filter((handler) => handler.queue === queue);
    const completed = handlers.map((handler) => handler.removeOnComplete);
    const failed = handlers.map((handler) => handler.removeOnFail);
    return {
      removeOnComplete: toKeepJobs(longest(completed, this.defaults.removeOnComplete)),
      removeOnFail: toKeepJobs(longest(failed, this.defaults.removeOnFail)),
    };
  }
}

function longest(
  own: readonly ResolvedRetention[],
  fallback: ResolvedRetention,
): ResolvedRetention {
  const all = own.length > 0 ? own : [fallback];
  const ageMs = most(all.map((r) => r.ageMs));
  const count = most(all.map((r) => r.count));
  const isForEver = all.some((r) => r.ageMs === undefined && r.count === undefined);
  if (ageMs !== undefined || count !== undefined || isForEver) return { ageMs, count };
  // One limits the age and another the number: together that must not become no limit at all.
  return {
    ageMs: Math.max(...all.map((r) => r.ageMs ?? 0), fallback.ageMs ?? 0),
    count: Math.max(...all.map((r) => r.count ?? 0), fallback.count ?? 0),
  };
}

/** The largest; undefined stands for "no limit". */
function most(values: readonly (number | undefined)[]): number | undefined {
  return values.includes(undefined) ? undefined : Math.max(...(values as number[]));
}

function toKeepJobs({ ageMs, count }: ResolvedRetention): KeepJobs | false {
  if (ageMs === undefined && count === undefined) return false;
  return {
    ...(ageMs === undefined ? undefined : { age: Math.ceil(ageMs / 1000) }),
    ...(count === undefined ? undefined : { count }),
  } as KeepJobs;
}
