import { Inject, Injectable } from '@nestjs/common';
import { decorationsOf } from '../decorators/index.js';
import { InvalidInvocationError, JobsConfigurationError } from '../errors/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { closest, JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import {
  checkDecorators,
  checkNames,
  checkWorkers,
  checkGeneratedNames,
  hasMinifiedName,
  hasValidOptions,
  isSameMethod,
} from './boot-checks.js';
import type { Handler, HandlerClass } from './handler.js';
import { HandlerExplorer } from './handler.explorer.js';
import { readContinuations, type DeclaredContinuation } from './continuations.js';
import { createHandler } from './handler.factory.js';
import { RemoteHandlers } from './remote-handlers.js';
import { readRecurrences, type DeclaredRecurrence } from './recurrences.js';

/** The registry's two indexes. */
interface Index {
  readonly byName: ReadonlyMap<string, Handler>;
  readonly byClass: ReadonlyMap<HandlerClass, ReadonlyMap<string, Handler>>;
  readonly all: readonly Handler[];
  readonly recurrences: readonly DeclaredRecurrence[];
  readonly continuations: readonly DeclaredContinuation[];
  /** See {@link Exploration}. */
  readonly replaced: ReadonlySet<HandlerClass>;
}

/**
 * Every handler of this process, by stored name and by class. Built anew at each use until it is
 * frozen, since factories and init hooks of other modules may already enqueue.
 * @internal
 */
@Injectable()
export class HandlerRegistry {
  private index: Index | undefined;
  /** How many modules there were when the index was made. */
  private moduleCount = 0;
  private readonly remote: RemoteHandlers;
  /** Handlers that it was told of that this process gets their jobs and cannot run them. */
  private readonly toldOf = new Set<Handler>();

  constructor(
    private readonly explorer: HandlerExplorer,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
    private readonly logger: JobLogger,
  ) {
    this.remote = new RemoteHandlers(options);
  }

  /** Handlers whose jobs this process has enqueued, or can run. */
  get enqueued(): readonly Handler[] {
    return [...this.ready.all, ...this.remote.all];
  }

  /** All handlers that this process provides. @throws JobsConfigurationError with every fault */
  get all(): readonly Handler[] {
    return this.ready.all;
  }

  /** The handler of a stored name or alias. */
  byName(name: string): Handler | undefined {
    return this.found(({ byName }) => byName.get(name));
  }

  /** Every use of `@Recurring()`. */
  get recurrences(): readonly DeclaredRecurrence[] {
    return this.ready.recurrences;
  }

  /** Every use of `@Continuation()`. */
  get continuations(): readonly DeclaredContinuation[] {
    return this.ready.continuations;
  }

  /** Stored names and aliases that this process can run, in alphabetical order. */
  get names(): readonly string[] {
    return [...this.ready.byName.keys()].toSorted();
  }

  /** Names of the queues that have handlers here. */
  get queues(): readonly string[] {
    return [...new Set(this.ready.all.map((handler) => handler.queue))];
  }

  /** Names of the queues that this process works on. */
  get workedQueues(): readonly string[] {
    const { workers } = this.options;
    if (workers === false) return [];
    return workers === true ? this.queues : [...new Set(workers)];
  }

  /**
   * The handler of a class's method: that of a provider or controller, else what decorators say of
   * it, for jobs that run elsewhere.
   * @param purpose what the caller wants of it, for messages
   * @throws InvalidInvocationError when the method has no `@Job()`
   * @throws JobsConfigurationError with every fault of the decorators of a class that is not
   *   provided, at its first use
   */
  byMethod(type: HandlerClass, methodName: string, purpose = 'enqueue'): Handler {
    const handler = this.found(({ byClass }) => byClass.get(type)?.get(methodName));
    if (handler !== undefined) return handler;
    const { byClass, replaced, all } = this.ready;
    if (replaced.has(type) && decorationsOf(type.prototype as object, methodName)) {
      throw new InvalidInvocationError(
        `Cannot ${purpose} ${type.name}.${methodName}: what this application provides for ${type.name} (a test double?) ` +
          `has no method "${methodName}". Give it one, which is what the job will call.`,
      );
    }
    const methods = byClass.get(type) ?? this.remote.of(type, all);
    const remote = methods.get(methodName);
    if (remote !== undefined) return this.told(remote);
    if (methods.size === 0) {
      throw new InvalidInvocationError(
        `Cannot ${purpose} ${type.name}.${methodName}: ${type.name} has no @Job() methods, and is not among the providers ` +
          `and controllers of this application. Decorate the method with @Job(), and add the class to the providers ` +
          `of a module that is imported here or in the process that is to run the job.`,
      );
    }
    const near = closest(methodName, [...methods.keys()]);
    throw new InvalidInvocationError(
      `Cannot ${purpose} ${type.name}.${methodName}: it is not decorated with @Job()` +
        (near ? `; did you mean ${type.name}.${near}?` : '.'),
    );
  }

  /**
   * Keeps the index from now on: every provider exists.
   * @param hasScheduler whether the ScheduleModule of @nestjs/schedule is imported; nobody asks for
   *   it before
   * @throws JobsConfigurationError with every fault
   */
  freeze(hasScheduler = true): void {
    this.index = this.build(hasScheduler, true);
    this.moduleCount = this.explorer.moduleCount;
    const idle = this.explorer.idleProcessors();
    if (idle.length > 0) this.logger.warn(messages.idleProcessors(idle));
  }

  /**
   * What is found in the index, or in that of the modules which Nest's LazyModuleLoader has loaded
   * since it was frozen.
   */
  private found<T>(find: (index: Index) => T | undefined): T | undefined {
    const known = find(this.ready);
    const { moduleCount } = this.explorer;
    if (known !== undefined || this.index === undefined || moduleCount === this.moduleCount)
      return known;
    this.moduleCount = moduleCount;
    try {
      this.add(this.build());
    } catch (fault) {
      this.logger.error(messages.lateHandlersRefused(fault));
    }
    return find(this.index);
  }

  /**
   * Adds handlers of modules that came late, and says what this process cannot do for them any
   * more.
   */
  private add(late: Index): void {
    const before = this.index!;
    const added = late.all.filter(({ name }) => !before.byName.has(name));
    if (added.length === 0) return;
    const queues = new Set(before.all.map(({ queue }) => queue));
    const unworked = added.filter(({ queue }) => !queues.has(queue)).map(({ queue }) => queue);
    const isRecurring = late.recurrences.some(({ handler }) => added.includes(handler));
    this.logger.warn(
      messages.lateHandlers(
        added.map(({ name }) => name),
        [...new Set(unworked)],
        isRecurring,
      ),
    );
    this.index = {
      ...late,
      all: [...before.all, ...added],
      byName: new Map([...late.byName, ...before.byName]),
      byClass: new Map([...late.byClass, ...before.byClass]),
      recurrences: before.recurrences,
    };
  }

  /** A provider that was forgotten looks the same as one that is elsewhere. */
  private told(handler: Handler): Handler {
    if (this.toldOf.has(handler)) return handler;
    this.toldOf.add(handler);
    if (this.workedQueues.includes(handler.queue))
      this.logger.warn(messages.remoteHandler(handler.name, handler.type.name, handler.queue));
    return handler;
  }

  private get ready(): Index {
    return this.index ?? this.build();
  }

  private build(hasScheduler = true, isFrozen = false): Index {
    const exploration = this.explorer.explore();
    const problems = checkDecorators(exploration);
    const all: Handler[] = [];
    const byName = new Map<string, Handler>();
    const byClass = new Map<HandlerClass, Map<string, Handler>>();
    // Handlers with wrong options cannot be completed; the names of the others can be checked.
    const valid = exploration.handlers.filter(hasValidOptions);
    const found = valid.map((handler) => createHandler(handler, this.options));
    problems.push(...checkGeneratedNames(found), ...checkNames(found));
    const complete = new Map(valid.map((handler, index) => [handler, found[index]]));
    const decorated = exploration.handlers.map((method) => ({
      found: method,
      handler: complete.get(method),
    }));
    const { calendars, recurring } = this.options;
    const { recurrences, problems: faults } = readRecurrences(decorated, {
      calendars,
      recurring,
      hasScheduler,
    });
    problems.push(...faults);
    const followed = readContinuations(decorated, (type, methodName) => {
      const target = exploration.tokens.get(type) ?? type;
      return found.find(
        (handler) =>
          handler.methodName === methodName && [handler.owner, handler.type].includes(target),
      );
    });
    problems.push(...followed.problems);
    // A queue of `workers` may belong to a handler that has a fault.
    if (problems.length === 0) problems.push(...checkWorkers(found, this.options));
    if (problems.length > 0) throw new JobsConfigurationError(problems);
    for (const handler of found) {
      const earlier = byName.get(handler.name);
      if (earlier && isSameMethod(earlier, handler)) {
        this.logger.warn(messages.providedTwice(handler.name));
        continue;
      }
      all.push(handler);
      if (isFrozen && hasMinifiedName(handler))
        this.logger.warn(messages.minifiedName(handler.name));
      for (const name of [handler.name, ...handler.aliases]) byName.set(name, handler);
      for (const type of new Set([handler.owner, handler.type])) {
        const methods = byClass.get(type) ?? new Map<string, Handler>();
        byClass.set(type, methods);
        if (!methods.has(handler.methodName)) methods.set(handler.methodName, handler);
      }
    }
    for (const [token, type] of exploration.tokens) {
      const methods = byClass.get(type);
      if (methods && !byClass.has(token)) byClass.set(token, methods);
    }
    const { replaced } = exploration;
    return { all, byName, byClass, recurrences, continuations: followed.continuations, replaced };
  }
}
