import { Inject, Injectable } from '@nestjs/common';
import { HandlerRegistry, SchedulerLookup, type DeclaredRecurrence } from '../discovery/index.js';
import { JobsConfigurationError } from '../errors/index.js';
import type { ManagedService } from '../lifecycle/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { createTickSource } from '../timing/ticks/index.js';
import { ProcessRecurrence, type RunTick } from './process-recurrence.js';
import { ProcessRunner } from './process-runner.js';

/**
 * Recurring jobs of the scope `process`: each process runs every tick, and nothing is stored. They
 * need neither the store nor workers, so a process that only enqueues has them too.
 *
 * Their runs are among the running jobs of this process, which the workers wait for when they are
 * stopped: one shutdown timeout for all. So this must be stopped before the workers are.
 * @internal
 */
@Injectable()
export class ProcessRecurrences implements ManagedService {
  readonly name = 'recurring jobs of this process';
  private recurrences: readonly ProcessRecurrence[] = [];

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly scheduler: SchedulerLookup,
    private readonly runner: ProcessRunner,
    private readonly logger: JobLogger,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  start(): Promise<void> {
    const declared = this.registry.recurrences.filter(
      ({ scope, timing }) => scope === 'process' && timing.enabled !== false,
    );
    if (declared.length === 0) return Promise.resolve();
    this.refuseTaken(declared);
    this.recurrences = declared.map((recurrence) => this.create(recurrence));
    for (const recurrence of this.recurrences) recurrence.start();
    this.logger.info(messages.processRecurrences(declared.map(({ id }) => id)));
    return Promise.resolve();
  }

  stop(): Promise<void> {
    for (const recurrence of this.recurrences) recurrence.stop();
    this.recurrences = [];
    return Promise.resolve();
  }

  private create({ id, timing, handler }: DeclaredRecurrence): ProcessRecurrence {
    const now = Date.now();
    const { calendars } = this.options;
    const source = createTickSource(timing, { id, definedAt: now, calendars });
    const run: RunTick = (tick, previous) => this.runner.run(handler, tick, previous);
    const registry = this.scheduler.registry!;
    return new ProcessRecurrence({ id, timing, source, registry, logger: this.logger, run }, now);
  }

  /** A `@Timeout()` of the application may have the name already. */
  private refuseTaken(declared: readonly DeclaredRecurrence[]): void {
    const taken = declared.filter(({ id }) => this.scheduler.registry!.doesExist('timeout', id));
    if (taken.length === 0) return;
    throw new JobsConfigurationError(
      taken.map(
        ({ id, handler: { type, methodName } }) =>
          `@Recurring() on ${type.name}.${methodName}: the SchedulerRegistry has another timeout "${id}"; give one another name`,
      ),
    );
  }
}
