import { JobsConfigurationError } from '../errors/index.js';
import { validateJobOptions, type ResolvedOptions } from '../options/index.js';
import {
  checkDecorators,
  checkGeneratedNames,
  checkNames,
  hasValidOptions,
} from './boot-checks.js';
import { decoratedMethods, lostMethods } from './decorated-methods.js';
import type { Handler, HandlerClass } from './handler.js';
import { createHandler } from './handler.factory.js';

/**
 * Handlers of classes that this process enqueues jobs for and does not provide: others run them.
 * Their decorators say all that is needed for that. They are read and checked when a class is first
 * used, as those of providers are at boot.
 * @internal
 */
export class RemoteHandlers {
  private readonly byClass = new Map<HandlerClass, ReadonlyMap<string, Handler>>();

  constructor(private readonly defaults: ResolvedOptions) {}

  /** Those that were used so far, and others of their classes. */
  get all(): readonly Handler[] {
    return [...this.byClass.values()].flatMap((methods) => [...methods.values()]);
  }

  /**
   * The handlers of a class by their methods; none where nothing is decorated.
   * @param provided handlers of this process, with which they cannot share a name
   * @throws JobsConfigurationError with every fault
   */
  of(type: HandlerClass, provided: readonly Handler[]): ReadonlyMap<string, Handler> {
    const known = this.byClass.get(type);
    if (known !== undefined) return known;
    const methods = this.read(type, provided);
    if (methods.size > 0) this.byClass.set(type, methods);
    return methods;
  }

  private read(type: HandlerClass, provided: readonly Handler[]): ReadonlyMap<string, Handler> {
    const found = decoratedMethods(type, type);
    const lost = lostMethods(type, found);
    const problems = checkDecorators({ handlers: found, lost, classes: new Set([type]) });
    if (problems.length === 0) {
      // What @Recurring() adds to the options.
      for (const { options, methodName } of found)
        problems.push(...validateJobOptions(options, `options of ${type.name}.${methodName}`));
    }
    const handlers = found
      .filter(hasValidOptions)
      .map((method) => createHandler(method, this.defaults));
    problems.push(...checkGeneratedNames(handlers), ...checkNames([...provided, ...handlers]));
    if (problems.length > 0) throw new JobsConfigurationError(problems);
    return new Map(handlers.map((handler) => [handler.methodName, handler]));
  }
}
