import { Injectable } from '@nestjs/common';
import type { JobHook, UnknownWork } from '../contracts/index.js';
import { Declarations } from './declarations.js';
import { ScheduleStore } from './schedule-store.js';

/**
 * Runs that the clock enqueued for a recurring job which the deploy has dropped since: that they
 * have no handler is what it wanted, and no failure. Runs that somebody asked for are not among
 * them: those by `trigger()`, and those of recurring jobs that were added by a call.
 * @internal
 */
@Injectable()
export class DroppedRuns implements JobHook {
  constructor(
    private readonly schedules: ScheduleStore,
    private readonly declarations: Declarations,
  ) {}

  async whyUnwanted({ tick }: UnknownWork): Promise<string | undefined> {
    if (tick === undefined || tick.manual) return undefined;
    const id = tick.recurring;
    const stored = await this.schedules.get(id);
    if (stored?.schedule.source === 'api') return undefined;
    const inForce = await this.declarations.inForce();
    if (inForce === undefined || inForce.has(id)) return undefined;
    return `no server declares the recurring job "${id}" any more`;
  }
}
