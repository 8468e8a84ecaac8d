import { Injectable } from '@nestjs/common';
import { declarationHash, HandlerRegistry, type DeclaredRecurrence } from '../discovery/index.js';
import { Repairs, ServerHeartbeat, WorkersService } from '../execution/index.js';
import { JobPreparer } from '../enqueueing/index.js';
import type { ManagedService } from '../lifecycle/index.js';
import { Declarations, isInForce } from './declarations.js';
import { newSchedule, redefined, type Schedule, type ScheduleDefinition } from './schedule.js';
import { ScheduleStore, type StoredSchedule } from './schedule-store.js';
import { TickClock } from './tick-clock.js';
import { toScheduledCall } from './scheduled-call.js';

/** So many recurring jobs are stored at once. */
const AT_ONCE = 500;

/**
 * Brings what is stored in line with the decorators: at boot, and whenever it is found to differ.
 * What has not changed is left alone: a tick that is due must not be lost to a deploy. What a newer
 * version declares is that one's.
 * @internal
 */
@Injectable()
export class Reconciler implements ManagedService {
  readonly name = 'declared recurring jobs';
  private unsubscribe: (() => Promise<void>) | undefined;
  private mending: Promise<unknown> | undefined;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly workers: WorkersService,
    private readonly preparer: JobPreparer,
    private readonly store: ScheduleStore,
    private readonly declarations: Declarations,
    private readonly heartbeat: ServerHeartbeat,
    private readonly clock: TickClock,
    private readonly repairs: Repairs,
  ) {}

  async start(): Promise<void> {
    if (this.workers.queues.length === 0 || this.declared.length === 0) return;
    await this.reconcile(() => false);
    this.heartbeat.onForgotten(() => this.reconcile(isInForce));
    this.unsubscribe = await this.declarations.onDifference(() => this.mend());
  }

  async stop(): Promise<void> {
    await this.unsubscribe?.();
    this.unsubscribe = undefined;
    await this.mending;
  }

  private get declared(): readonly DeclaredRecurrence[] {
    return this.registry.recurrences.filter(({ scope }) => scope === 'fleet');
  }

  /** What fails is found to differ again. */
  private mend(): void {
    const repair = this.repairs.of(this.name);
    this.mending ??= repair
      .round(() => this.reconcile(isInForce))
      .finally(() => (this.mending = undefined));
  }

  /** @param isFine what to leave as it is */
  private async reconcile(isFine: typeof isInForce): Promise<void> {
    const inForce = await this.declarations.inForce();
    await this.clock.adjust();
    const stored = await this.store.all();
    const own = this.declared.filter((recurrence) => {
      const hash = declarationHash(recurrence);
      const { id } = recurrence;
      // A newer version's, or damaged: what is there is not to be overwritten.
      if (this.store.isUnreadable(id)) return false;
      const isOlder = inForce !== undefined && inForce.get(id) !== hash;
      return !isOlder && !isFine(stored.get(id)?.schedule, hash);
    });
    for (let from = 0; from < own.length; from += AT_ONCE) {
      const group = own.slice(from, from + AT_ONCE);
      await Promise.all(group.map((recurrence) => this.storeOne(recurrence, stored, isFine)));
    }
  }

  private async storeOne(
    recurrence: DeclaredRecurrence,
    all: ReadonlyMap<string, StoredSchedule>,
    isFine: typeof isInForce,
  ): Promise<void> {
    const { id } = recurrence;
    const definition = await this.define(recurrence);
    const now = this.clock.now();
    const change = (known: Schedule | undefined): Schedule | undefined => {
      if (isFine(known, definition.declared!)) return known;
      return known ? redefined(known, definition, now) : newSchedule(definition, now);
    };
    await this.store.change(id, change, all.get(id));
  }

  private async define(recurrence: DeclaredRecurrence): Promise<ScheduleDefinition> {
    const { id, handler, timing } = recurrence;
    const job = await this.preparer.prepare(handler, [], {}, 0);
    const declared = declarationHash(recurrence);
    return { id, source: 'decorator', timing, call: toScheduledCall(job), declared };
  }
}
