import { Injectable, type Type } from '@nestjs/common';
import { DiscoveryService, ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { decoratedNames } from '../decorators/index.js';
import { decoratedMethods, lostMethods, type LostMethod } from './decorated-methods.js';
import type { HandlerClass } from './handler.js';
import type { FoundHandler } from './handler.factory.js';
import { idleProcessors, type IdleProcessor } from './idle-processors.js';

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

/**
 * Finds `@Job()` methods on every provider and controller: static, request-scoped, made by a
 * factory, inherited, or provided under an abstract class.
 * @internal
 */
@Injectable()
export class HandlerExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
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
        const methods = decoratedMethods(token, token, wrapper);
        handlers.push(...methods.filter(({ methodName }) => hasMethod(wrapper, methodName)));
        continue;
      }
      if (type === undefined) continue;
      classes.add(type);
      if (token && token !== type) tokens.set(token, type);
      // An alias (`useExisting`) shares the handlers of what it points to.
      if (wrapper.isAlias) continue;
      const methods = decoratedMethods(type, token ?? type, wrapper);
      handlers.push(...methods);
      lost.push(...lostMethods(type, methods));
    }
    return { handlers, tokens, classes, replaced, lost };
  }
}

function isDecorated(type: HandlerClass): boolean {
  return decoratedNames(type.prototype as object).length > 0;
}

/** Whether what is in the place of a class has a method of that name. */
function hasMethod(wrapper: InstanceWrapper<object>, name: string): boolean {
  const { metatype, inject } = wrapper;
  // Made for each job, so that it is not known yet; for the others, nothing is nothing.
  if (inject && (wrapper.isTransient || !wrapper.isDependencyTreeStatic())) return true;
  const standIn = (metatype && !inject ? metatype.prototype : wrapper.instance) as
    Record<string, unknown> | null | undefined;
  return typeof standIn?.[name] === 'function';
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
