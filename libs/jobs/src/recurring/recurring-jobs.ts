import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { PublicService } from '../contracts/index.js';
import { HandlerRegistry, type HandlerClass } from '../discovery/index.js';
import { InvalidRecurringJobError, RecurringJobNotFoundError, shortened } from '../errors/index.js';
import {
  JOBS_OPTIONS,
  checkOptions,
  rules,
  show,
  takeOptions,
  type Recurrence,
  type RecurrenceSettings,
  type ResolvedOptions,
} from '../options/index.js';
import {
  JobHandle,
  JobPreparer,
  JobReader,
  JobWriter,
  recordInvocation,
  TICK_RULES,
  type PreparedJob,
} from '../enqueueing/index.js';
import type { RecurringJob, RecurringJobOptions } from './recurring-job.js';
import { readTiming, SETTING_RULES, type Timing } from '../timing/ticks/index.js';
import { nextTurn } from '../timers/index.js';
import { describeSchedule } from './schedule-description.js';
import { RecurringRuns } from './recurring-runs.js';
import { newSchedule, redefined, tickJobId, type Schedule } from './schedule.js';
import { ScheduleStore } from './schedule-store.js';
import { toScheduledCall } from './scheduled-call.js';
import { TickClock } from './tick-clock.js';
import { TickSources } from './tick-sources.js';

/**
 * Recurring jobs that are made, changed and asked for at run time; `JobScheduler.recurring`. What
 * `@Recurring()` declares is found here too.
 * @publicApi
 */
@Injectable()
export class RecurringJobs extends PublicService {
  /** @internal */
  constructor(
    private readonly registry: HandlerRegistry,
    private readonly preparer: JobPreparer,
    private readonly writer: JobWriter,
    private readonly reader: JobReader,
    private readonly store: ScheduleStore,
    private readonly runs: RecurringRuns,
    private readonly clock: TickClock,
    private readonly sources: TickSources,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {
    super();
  }

  /**
   * Stores a recurring job, or changes the one with this id. Nothing runs at once: its ticks are
   * those after now. With the same recurrence and settings as stored, it is left alone, so this can
   * be called at each boot.
   *
   * @param id letters, digits, `_`, `.`, `-`, at most 128
   * @param call makes exactly one call, whose arguments each run gets: `(s) => s.sync('orders')`
   * @param recurrence a cron expression, see `Cron`; or `{ every: '10 min' }`
   * @throws InvalidRecurringJobError with every fault of id, recurrence and options, and as
   *   `enqueue` for the call
   */
  async addOrUpdate<T extends object>(
    id: string,
    type: HandlerClass<T>,
    call: (service: T) => unknown,
    recurrence: Recurrence,
    options: RecurringJobOptions = {},
  ): Promise<void> {
    const taken = takeOptions(options);
    const faults = checkOptions(taken, OPTION_RULES, whereOf(id));
    const [settings, enqueueOptions] = split(taken);
    const timing = this.timingOf(id, takeOptions(recurrence), settings, faults);
    const { methodName, args } = recordInvocation(type, call);
    const handler = this.registry.byMethod(type, methodName);
    const job = await this.preparer.prepare(handler, args, enqueueOptions, 0);
    const definition = { id, source: 'api', timing, call: toScheduledCall(job) } as const;
    const now = await this.now();
    await this.store.change(id, (stored) =>
      stored === undefined ? newSchedule(definition, now) : redefined(stored, definition, now),
    );
  }

  /**
   * Changes when a recurring job is due; what it does stays. Its ticks are those after now. One
   * that a decorator declares has the decorator's recurrence again after the next boot.
   * @param settings all of them: what is left out is the default from now on
   * @throws RecurringJobNotFoundError, InvalidRecurringJobError
   */
  async reschedule(
    id: string,
    recurrence: Recurrence,
    settings: RecurrenceSettings = {},
  ): Promise<void> {
    const timing = this.timingOf(id, takeOptions(recurrence), takeOptions(settings));
    const now = await this.now();
    await this.changeKnown(id, (stored) => {
      const { source, call } = stored;
      return redefined(stored, { id, source, call, timing }, now);
    });
  }

  /**
   * Removes a recurring job. Runs that were enqueued, or are at this very moment, stay. One that a
   * decorator declares is back within a minute: pause it instead.
   * @returns false when there is none
   */
  async remove(id: string): Promise<boolean> {
    let existed = false;
    await this.store.change(id, (stored) => {
      existed = stored !== undefined;
      return undefined;
    });
    if (existed) await this.runs.forget(id);
    return existed;
  }

  /**
   * Runs it now, whatever its state, and changes nothing about its ticks.
   * @returns the run's job
   * @throws RecurringJobNotFoundError
   */
  async trigger(id: string): Promise<JobHandle> {
    const stored = await this.store.get(id);
    if (stored === undefined) throw new RecurringJobNotFoundError(id);
    const { queue, name, data, opts, unique } = stored.schedule.call;
    const jobId = tickJobId(id, `now-${randomUUID()}`);
    const tick = { recurring: id, due: await this.now(), manual: true } as const;
    const limits = unique && { unique };
    const job: PreparedJob = { queue, name, id: jobId, data: { ...data, tick }, opts, ...limits };
    await this.writer.write(job);
    const { storedIn = queue, storedAs = jobId } = job;
    return new JobHandle(storedAs, storedIn, name, this.reader);
  }

  /**
   * Lets its ticks pass until `resume()`, over restarts and deploys too. A run that is being
   * enqueued at this very moment still runs.
   * @throws RecurringJobNotFoundError
   */
  pause(id: string): Promise<void> {
    return this.setPaused(id, true);
  }

  /**
   * Ends a pause; the ticks that were missed are treated by its misfire policy.
   * @throws RecurringJobNotFoundError
   */
  resume(id: string): Promise<void> {
    return this.setPaused(id, false);
  }

  /** All recurring jobs, by id. */
  async list(): Promise<readonly RecurringJob[]> {
    const all = await this.store.all();
    const described: RecurringJob[] = [];
    for (const { schedule } of all.values()) {
      if (schedule.undeclaredSince !== undefined) continue;
      described.push(this.describe(schedule));
      // Calendars may have much to be searched: others have their turn in between.
      if (schedule.timing.calendars !== undefined) await nextTurn();
    }
    return described.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  }

  /** One of them, with its last run; undefined when there is none. */
  async get(id: string): Promise<RecurringJob | undefined> {
    const [stored, [lastRun]] = await Promise.all([this.store.get(id), this.runs.of(id)]);
    if (stored === undefined || stored.schedule.undeclaredSince !== undefined) return undefined;
    return this.describe(stored.schedule, lastRun);
  }

  private describe(schedule: Schedule, lastRun?: RecurringJob['lastRun']): RecurringJob {
    return describeSchedule(schedule, this.sources, this.clock.now(), lastRun);
  }

  private setPaused(id: string, paused: boolean): Promise<void> {
    return this.changeKnown(id, (stored) =>
      stored.paused === paused ? stored : { ...stored, paused },
    );
  }

  private async changeKnown(id: string, change: (stored: Schedule) => Schedule): Promise<void> {
    await this.store.change(id, (stored) => {
      if (stored === undefined) throw new RecurringJobNotFoundError(id);
      return change(stored);
    });
  }

  /** @param faults those that were found in other options */
  private timingOf(
    id: string,
    recurrence: Recurrence,
    settings: RecurrenceSettings,
    faults: readonly string[] = [],
  ): Timing {
    if (!rules.recurringId.accepts(id)) {
      throw new InvalidRecurringJobError([
        `expected ${rules.recurringId.expected}, got ${show(id)}`,
      ]);
    }
    const context = {
      id,
      where: whereOf(id),
      calendars: new Set(this.options.calendars.keys()),
      dialect: this.options.recurring.dialect,
    };
    const read = readTiming(recurrence, settings, context);
    const problems = 'problems' in read ? [...faults, ...read.problems] : faults;
    if ('problems' in read || problems.length > 0)
      throw new InvalidRecurringJobError([...new Set(problems)]);
    return read.timing;
  }

  private async now(): Promise<number> {
    await this.clock.adjust();
    return this.clock.now();
  }
}

/** Those of the ticks, and those of the jobs that they become. */
const OPTION_RULES = { ...SETTING_RULES, ...TICK_RULES };

function whereOf(id: string): string {
  return `recurring job "${shortened(id)}"`;
}

/** Anything that is not a setting of the ticks is one of the jobs. */
function split(
  options: RecurringJobOptions | null,
): [RecurrenceSettings, Omit<RecurringJobOptions, keyof RecurrenceSettings>] {
  const entries = Object.entries(options ?? {});
  return [
    Object.fromEntries(entries.filter(([name]) => Object.hasOwn(SETTING_RULES, name))),
    Object.fromEntries(entries.filter(([name]) => !Object.hasOwn(SETTING_RULES, name))),
  ];
}
