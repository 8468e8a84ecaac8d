import { Injectable } from '@nestjs/common';
import type { ManagedService } from '../contracts/index.js';
import { HandlerRegistry, type DeclaredRecurrence } from '../discovery/index.js';
import { endsWithin } from '../engines/index.js';
import { WorkersService } from '../execution/index.js';
import { JobPreparer } from '../scheduling/index.js';
import { Declarations } from './declarations.js';
import { newSchedule, redefined, type ScheduleDefinition } from './schedule.js';
import { ScheduleStore } from './schedule-store.js';
import { StoreClock } from './store-clock.js';
import { toScheduledCall } from './scheduled-call.js';

/** So many recurring jobs are stored at once. */
const AT_ONCE = 500;

const GOODBYE_TIMEOUT_MS = 1_000;

/**
 * Brings what is stored in line with the decorators at boot. What has not changed is left alone: a tick that
 * is due must not be lost to a deploy.
 * @internal
 */
@Injectable()
export class Reconciler implements ManagedService {
  readonly name = 'declared recurring jobs';

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly workers: WorkersService,
    private readonly preparer: JobPreparer,
    private readonly store: ScheduleStore,
    private readonly declarations: Declarations,
    private readonly clock: StoreClock,
  ) {}

  async start(): Promise<void> {
    if (this.workers.queues.length === 0) return;
    const declared = this.registry.recurrences.filter(({ scope }) => scope === 'fleet');
    await this.declarations.declare(declared.map(({ id }) => id));
    if (declared.length === 0) return;
    await this.clock.adjust();
    const stored = await this.store.all();
    for (let from = 0; from < declared.length; from += AT_ONCE) {
      const group = declared.slice(from, from + AT_ONCE);
      await Promise.all(
        group.map(async (recurrence) => {
          const definition = await this.define(recurrence);
          const now = this.clock.now();
          await this.store.change(
            recurrence.id,
            (known) => (known ? redefined(known, definition, now) : newSchedule(definition, now)),
            stored.get(recurrence.id),
          );
        }),
      );
    }
  }

  async stop(): Promise<void> {
    await endsWithin(GOODBYE_TIMEOUT_MS, this.declarations.withdraw());
  }

  private async define({ id, handler, timing }: DeclaredRecurrence): Promise<ScheduleDefinition> {
    const job = await this.preparer.prepare(handler, [], {}, 0);
    return { id, source: 'decorator', timing, call: toScheduledCall(job) };
  }
}
