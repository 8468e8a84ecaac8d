import { Injectable, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import {
  classOptionsOf,
  continuationsOf,
  jobOptionsOf,
  recurrencesOf,
} from '../decorators/index.js';
import { jobOptionsOfContinuations } from './continuations.js';
import type { HandlerClass } from './handler.js';
import type { FoundHandler } from './handler.factory.js';
import { jobOptionsIn } from './recurrences.js';

/** What the container holds of handlers. @internal */
export interface Exploration {
  readonly handlers: readonly FoundHandler[];
  /** Classes that are DI tokens for another class: abstract classes, `useExisting`. */
  readonly tokens: ReadonlyMap<HandlerClass, HandlerClass>;
  /** Every class that is provided or is a controller. */
  readonly classes: ReadonlySet<HandlerClass>;
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
  ) {}

  explore(): Exploration {
    const handlers: FoundHandler[] = [];
    const tokens = new Map<HandlerClass, HandlerClass>();
    const classes = new Set<HandlerClass>();
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    for (const wrapper of wrappers as InstanceWrapper<object>[]) {
      const type = classOf(wrapper);
      if (type === undefined) continue;
      classes.add(type);
      const token = typeof wrapper.token === 'function' ? (wrapper.token as Type) : undefined;
      if (token && token !== type) tokens.set(token, type);
      // An alias (`useExisting`) shares the handlers of what it points to.
      if (wrapper.isAlias) continue;
      handlers.push(...this.methodsOf(wrapper, type, token ?? type));
    }
    return { handlers, tokens, classes };
  }

  private methodsOf(
    wrapper: InstanceWrapper<object>,
    type: HandlerClass,
    owner: HandlerClass,
  ): FoundHandler[] {
    const prototype = type.prototype as Record<string, unknown>;
    return this.scanner.getAllMethodNames(prototype).flatMap((methodName) => {
      const method = prototype[methodName] as object;
      const own = jobOptionsOf(method);
      const recurrences = recurrencesOf(method);
      const continuations = continuationsOf(method);
      if (own === undefined && recurrences.length + continuations.length === 0) return [];
      const ownOptions = own === undefined ? {} : own;
      // Anything but an object is a fault, which the checks at boot tell of.
      const options =
        recurrences.length + continuations.length === 0
          ? ownOptions
          : { ...own, ...jobOptionsIn(recurrences), ...jobOptionsOfContinuations(continuations) };
      const classOptions = classOptionsOf(type) ?? {};
      const uses = { recurrences, continuations };
      return [{ wrapper, type, owner, methodName, options, ownOptions, classOptions, ...uses }];
    });
  }
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
