import { types } from 'node:util';
import { misplacedJobs } from '../decorators/index.js';
import {
  closest,
  validateClassOptions,
  validateJobOptions,
  type ResolvedOptions,
} from '../options/index.js';
import type { Handler } from './handler.js';
import type { Exploration } from './handler.explorer.js';
import type { FoundHandler } from './handler.factory.js';

/**
 * Faults of the options that decorators were given, and of decorators in the wrong place. @internal
 */
export function checkDecorators(
  exploration: Pick<Exploration, 'handlers' | 'classes' | 'lost'>,
): string[] {
  const problems: string[] = [];
  for (const { decorator, target, where, reason } of misplacedJobs) {
    const used = [...exploration.classes].some(
      (type) => type === target || type.prototype instanceof (target as never),
    );
    if (used) problems.push(`${decorator} on ${where}: ${reason}`);
  }
  for (const { type, methodName, decorations, found } of exploration.lost) {
    problems.push(
      `${decoratorOf(decorations)} on ${type.name}.${methodName}: expected a method when the application starts, got ` +
        `${found}; another decorator or a subclass has put it in the place of the method`,
    );
  }
  const seen = new Set<unknown>();
  for (const found of exploration.handlers) {
    if (types.isGeneratorFunction(found.method))
      problems.push(
        `${decoratorOf(found)} on ${nameOf(found)}: expected a method that does its work when it is called, got a generator`,
      );
    problems.push(...validateJobOptions(found.ownOptions, `@Job() on ${nameOf(found)}`));
    if (seen.has(found.type)) continue;
    seen.add(found.type);
    problems.push(...validateClassOptions(found.classOptions, `@Jobs() on ${found.type.name}`));
  }
  return [...new Set(problems)];
}

/** Whether a handler can be completed. @internal */
export function hasValidOptions({ options, classOptions }: FoundHandler): boolean {
  return (
    validateJobOptions(options, '').length + validateClassOptions(classOptions, '').length === 0
  );
}

/** Names and aliases that two different handlers claim. @internal */
export function checkNames(handlers: readonly Handler[]): string[] {
  const owners = new Map<string, Handler>();
  const problems: string[] = [];
  for (const handler of handlers) {
    for (const name of [handler.name, ...handler.aliases]) {
      const other = owners.get(name);
      if (other === undefined) owners.set(name, handler);
      else if (other !== handler && !isSameMethod(other, handler)) {
        problems.push(
          `duplicate job name "${name}": ${describe(other)} and ${describe(handler)}; give one another @Job({ name })`,
        );
      }
    }
  }
  return problems;
}

/**
 * Classes without a name, and those of Nest's `mixin()`: each process would store their jobs under
 * another one. @internal
 */
export function checkGeneratedNames(handlers: readonly Handler[]): string[] {
  return handlers
    .filter((handler) => hasOwnName(handler, GENERATED))
    .map(({ owner, methodName }) => {
      const problem =
        owner.name === '' ? 'has no name' : `has a name that mixin() made: "${owner.name}"`;
      return `the class of the handler "${methodName}" ${problem}, which differs in each process; give the handler @Job({ name })`;
    });
}

/** @internal */
export function hasMinifiedName(handler: Handler): boolean {
  return hasOwnName(handler, MINIFIED);
}

const GENERATED = /^([0-9a-f]{21})?$/;
const MINIFIED = /^[a-z_$][\w$]?$/;

/** Whether the stored name begins with a class's name, and that is of a kind. */
function hasOwnName({ name, owner, methodName }: Handler, kind: RegExp): boolean {
  return kind.test(owner.name) && name === `${owner.name}.${methodName}`;
}

/** Queues in `workers` that no handler uses: a typo would leave jobs waiting for ever. @internal */
export function checkWorkers(handlers: readonly Handler[], options: ResolvedOptions): string[] {
  if (typeof options.workers === 'boolean') return [];
  const known = [...new Set([...handlers.map((h) => h.queue), ...options.queues.keys()])];
  return options.workers
    .filter((queue) => !known.includes(queue))
    .map((queue) => {
      const near = closest(queue, known);
      return `JobsModule.forRoot() workers: no handler uses the queue "${queue}"${near ? `; did you mean "${near}"?` : ''}`;
    });
}

/** Whether two handlers are one method, provided twice. @internal */
export function isSameMethod(a: Handler, b: Handler): boolean {
  return a.type === b.type && a.methodName === b.methodName;
}

function decoratorOf({
  recurrences,
  continuations,
}: Pick<FoundHandler, 'recurrences' | 'continuations'>): string {
  if (recurrences.length > 0) return '@Recurring()';
  return continuations.length > 0 ? '@Continuation()' : '@Job()';
}

function nameOf({ type, methodName }: FoundHandler): string {
  return `${type.name}.${methodName}`;
}

function describe({ type, methodName }: Handler): string {
  return `${type.name}.${methodName}`;
}
