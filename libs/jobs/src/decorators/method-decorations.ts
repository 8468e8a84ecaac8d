import 'reflect-metadata';
import type {
  ContinuationMoment,
  ContinuationOptions,
  JobOptions,
  Recurrence,
  RecurringOptions,
} from '../options/index.js';

/** A use of `@Recurring()` on a method. @internal */
export interface RecurringMetadata {
  readonly recurrence: Recurrence;
  readonly options: RecurringOptions;
}

/** A use of `@Continuation()` on a method, as it was given. @internal */
export type ContinuationMetadata = ContinuationOptions<object, never, ContinuationMoment>;

/** What decorators of this module say of one method of one class. @internal */
export interface MethodDecorations {
  /** Options of `@Job()`; undefined without one. */
  job: JobOptions | undefined;
  /** Uses of `@Recurring()`, in their order. */
  readonly recurrences: RecurringMetadata[];
  /** Uses of `@Continuation()`, in their order. */
  readonly continuations: ContinuationMetadata[];
  /**
   * The method as the uppermost of them saw it. A decorator above them may have put another in its
   * place.
   */
  method: object;
}

/** Metadata key on a prototype: the decorations of its own methods, by their names. */
const OF_PROTOTYPE = 'nestjs-jobs:methods';

/** Metadata key on a method: its decorations. */
const OF_METHOD = 'nestjs-jobs:method';

type Decorated = Map<string, MethodDecorations>;

/**
 * The decorations of a method that is being decorated.
 *
 * They are kept under the name of the method, since the method itself may be replaced: by a
 * decorator above that wraps it (transactions, tracing), or by a subclass that overrides it. And
 * with the method, which may be copied to another class (mixins).
 * @internal
 */
export function decorate(prototype: object, name: string, method: object): MethodDecorations {
  const all: Decorated = ownDecorationsOf(prototype) ?? new Map<string, MethodDecorations>();
  Reflect.defineMetadata(OF_PROTOTYPE, all, prototype);
  const decorations = all.get(name) ?? {
    job: undefined,
    recurrences: [],
    continuations: [],
    method,
  };
  decorations.method = method;
  all.set(name, decorations);
  Reflect.defineMetadata(OF_METHOD, decorations, method);
  return decorations;
}

/** The decorations of a method: those of the nearest class that has any. @internal */
export function decorationsOf(prototype: object, name: string): MethodDecorations | undefined {
  for (const owner of chainOf(prototype)) {
    const noted = ownDecorationsOf(owner)?.get(name);
    if (noted !== undefined) return noted;
    const member: unknown = Object.getOwnPropertyDescriptor(owner, name)?.value;
    if (typeof member !== 'function') continue;
    const copied = Reflect.getMetadata(OF_METHOD, member) as MethodDecorations | undefined;
    if (copied !== undefined) return copied;
  }
  return undefined;
}

/**
 * Names of the methods that were decorated in a class or in one it extends, whatever became of
 * them. @internal
 */
export function decoratedNames(prototype: object): readonly string[] {
  const names = chainOf(prototype).flatMap((owner) => [...(ownDecorationsOf(owner)?.keys() ?? [])]);
  return [...new Set(names)];
}

function ownDecorationsOf(prototype: object): Decorated | undefined {
  return Reflect.getOwnMetadata(OF_PROTOTYPE, prototype) as Decorated | undefined;
}

function chainOf(prototype: object): object[] {
  const chain: object[] = [];
  for (let owner: object | null = prototype; owner; owner = Reflect.getPrototypeOf(owner))
    chain.push(owner);
  return chain;
}
