import { MetadataScanner } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { withMetadataOf } from '../calling/index.js';
import {
  classOptionsOf,
  decoratedNames,
  decorationsOf,
  type MethodDecorations,
} from '../decorators/index.js';
import { show } from '../options/index.js';
import { jobOptionsOfContinuations } from './continuations.js';
import type { HandlerClass } from './handler.js';
import type { FoundHandler } from './handler.factory.js';
import { jobOptionsIn } from './recurrences.js';

/** A method that was decorated, and in whose place there is something else. @internal */
export interface LostMethod {
  readonly type: HandlerClass;
  readonly methodName: string;
  readonly decorations: MethodDecorations;
  /** What is there. */
  readonly found: string;
}

const scanner = new MetadataScanner();

/**
 * What decorators say of the methods of a class.
 * @param owner the class that names of its jobs start with
 * @param wrapper the provider or controller; none where the class is only called, and runs
 *   elsewhere
 * @internal
 */
export function decoratedMethods(
  type: HandlerClass,
  owner: HandlerClass,
  wrapper?: InstanceWrapper<object>,
): FoundHandler[] {
  const prototype = type.prototype as Record<string, unknown>;
  return scanner.getAllMethodNames(prototype).flatMap((methodName) => {
    const decorations = decorationsOf(prototype, methodName);
    if (decorations === undefined) return [];
    const { job: own, recurrences, continuations } = decorations;
    const ownOptions = own === undefined ? {} : own;
    // Anything but an object is a fault, which the checks at boot tell of.
    const options =
      recurrences.length + continuations.length === 0
        ? ownOptions
        : { ...own, ...jobOptionsIn(recurrences), ...jobOptionsOfContinuations(continuations) };
    const classOptions = classOptionsOf(type) ?? {};
    const method = withMetadataOf(decorations.method, prototype[methodName] as object);
    const uses = { recurrences, continuations };
    return [
      { wrapper, type, owner, methodName, method, options, ownOptions, classOptions, ...uses },
    ];
  });
}

/** What was decorated in a class, or in one it extends, and is none of its methods. @internal */
export function lostMethods(type: HandlerClass, methods: readonly FoundHandler[]): LostMethod[] {
  const prototype = type.prototype as object;
  return decoratedNames(prototype).flatMap((methodName) => {
    const decorations = decorationsOf(prototype, methodName);
    if (!decorations || methods.some((method) => method.methodName === methodName)) return [];
    return [{ type, methodName, decorations, found: memberOf(prototype, methodName) }];
  });
}

/** What a class has under a name, in words. */
function memberOf(prototype: object, name: string): string {
  let owner: object | null = prototype;
  while (owner !== null && !Object.hasOwn(owner, name)) owner = Reflect.getPrototypeOf(owner);
  const descriptor = owner && Object.getOwnPropertyDescriptor(owner, name);
  if (!descriptor) return 'nothing';
  return descriptor.get || descriptor.set ? 'a getter or setter' : show(descriptor.value);
}
