import { Injectable, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import {
  classOptionsOf,
  decoratedNames,
  decorationsOf,
  withMetadataOf,
  type MethodDecorations,
} from '../decorators/index.js';
import { show } from '../options/index.js';
import { jobOptionsOfContinuations } from './continuations.js';
import type { HandlerClass } from './handler.js';
import type { FoundHandler } from './handler.factory.js';
import { idleProcessors, type IdleProcessor } from './idle-processors.js';
import { jobOptionsIn } from './recurrences.js';

/** What the container holds of handlers. @internal */
export interface Exploration {
  readonly handlers: readonly FoundHandler[];
  /** Classes that are DI tokens for another class: abstract classes, `useExisting`. */
  readonly tokens: ReadonlyMap<HandlerClass, HandlerClass>;
  /** Every class that is provided or is a controller. */
  readonly classes: ReadonlySet<HandlerClass>;
  /** Classes with handlers in whose place there is something without, as test doubles are. */
  readonly replaced: ReadonlySet<HandlerClass>;
  /** What was decorated and is no method any more. */
  readonly lost: readonly LostMethod[];
}

/** A method that was decorated, and in whose place there is something else. @internal */
export interface LostMethod {
  readonly type: HandlerClass;
  readonly methodName: string;
  readonly decorations: MethodDecorations;
  /** What is there. */
  readonly found: string;
}

/**
 * Finds `@Job()` methods on every provider and controller: static, request-scoped, made by a
 * factory, inherited, or provided under an abstract class.
 * @internal
 */
@Injectable()
export class HandlerExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly modules: ModulesContainer,
  ) {}

  /** How many modules there are: more, after Nest's LazyModuleLoader has loaded one. */
  get moduleCount(): number {
    return this.modules.size;
  }

  /** See {@link idleProcessors}. */
  idleProcessors(): readonly IdleProcessor[] {
    return idleProcessors(this.discovery.getProviders() as InstanceWrapper<object>[]);
  }

  explore(): Exploration {
    const handlers: FoundHandler[] = [];
    const tokens = new Map<HandlerClass, HandlerClass>();
    const classes = new Set<HandlerClass>();
    const replaced = new Set<HandlerClass>();
    const lost: LostMethod[] = [];
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    for (const wrapper of wrappers as InstanceWrapper<object>[]) {
      const type = classOf(wrapper);
      const token = tokenClassOf(wrapper);
      if (token && token !== type && isDecorated(token) && !(type && isDecorated(type))) {
        replaced.add(token);
        classes.add(token);
        const methods = this.methodsOf(wrapper, token, token);
        handlers.push(...methods.filter(({ methodName }) => hasMethod(wrapper, methodName)));
        continue;
      }
      if (type === undefined) continue;
      classes.add(type);
      if (token && token !== type) tokens.set(token, type);
      // An alias (`useExisting`) shares the handlers of what it points to.
      if (wrapper.isAlias) continue;
      const methods = this.methodsOf(wrapper, type, token ?? type);
      handlers.push(...methods);
      lost.push(...lostOf(type, methods));
    }
    return { handlers, tokens, classes, replaced, lost };
  }

  private methodsOf(
    wrapper: InstanceWrapper<object>,
    type: HandlerClass,
    owner: HandlerClass,
  ): FoundHandler[] {
    const prototype = type.prototype as Record<string, unknown>;
    return this.scanner.getAllMethodNames(prototype).flatMap((methodName) => {
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
}

function isDecorated(type: HandlerClass): boolean {
  return decoratedNames(type.prototype as object).length > 0;
}

/** Whether what is in the place of a class has a method of that name. */
function hasMethod(wrapper: InstanceWrapper<object>, name: string): boolean {
  const { metatype, inject } = wrapper;
  // Made for each job, so that it is not known yet; for the others, nothing is nothing.
  if (inject && !wrapper.isDependencyTreeStatic()) return true;
  const standIn = (metatype && !inject ? metatype.prototype : wrapper.instance) as
    Record<string, unknown> | null | undefined;
  return typeof standIn?.[name] === 'function';
}

/** What was decorated in a class, or in one it extends, and is none of its methods. */
function lostOf(type: HandlerClass, methods: readonly FoundHandler[]): LostMethod[] {
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

function tokenClassOf({ token }: InstanceWrapper<object>): HandlerClass | undefined {
  return typeof token === 'function' ? (token as Type) : undefined;
}

/**
 * The class behind a wrapper. Values and factories have no class of their own, so their instance
 * tells; a request-scoped alias has no instance yet, so what it injects tells.
 */
function classOf(wrapper: InstanceWrapper<object>): HandlerClass | undefined {
  const { metatype, instance } = wrapper;
  if (metatype && !wrapper.inject && typeof metatype === 'function') return metatype as Type;
  const constructor: unknown = instance?.constructor;
  if (typeof constructor === 'function' && constructor !== Object) return constructor as Type;
  const target: unknown = wrapper.isAlias ? wrapper.inject?.[0] : undefined;
  return typeof target === 'function' ? (target as Type) : undefined;
}
