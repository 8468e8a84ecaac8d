import 'reflect-metadata';
import { ForbiddenException, HttpException, Injectable } from '@nestjs/common';
import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
} from '@nestjs/common/internal';
import type { ContextId } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';
import { EnhancerContexts } from './enhancer-contexts.js';
import type { HandlerCall, CalledMethod } from './called-method.js';
import type { HandlerRun } from './handler-run.js';
import { withMetadataOf } from './method-metadata.js';
import { intercepted } from './returned-work.js';

/** What guards, interceptors, pipes and filters see as `ExecutionContext.getType()`. */
const CONTEXT_TYPE = 'jobs';

type Method = (...args: unknown[]) => unknown;

/** Metadata that lets pipes run on the arguments, as parameter decorators do for controllers. */
const ARGUMENTS_METADATA = 'nestjs-jobs:arguments';

/** Nest's number for a request's body: to a pipe, arguments are validated like one. */
const BODY = 3;

const ENHANCERS = [
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
  EXCEPTION_FILTERS_METADATA,
];

/** Hands each argument to its pipes; the index is kept where a route keeps the parameter's name. */
const argumentsFactory = {
  exchangeKeyForValue: (_type: number, index: unknown, args: unknown) =>
    (args as unknown[])[index as number],
};

/** Whether a handler's method or class has guards, interceptors, pipes or filters. @internal */
export function hasEnhancers({ type, method }: CalledMethod): boolean {
  return ENHANCERS.some(
    (key) => Reflect.hasMetadata(key, method) || Reflect.hasMetadata(key, type),
  );
}

/**
 * Calls handlers through Nest's enhancers, in Nest's order: guards, interceptors, pipes, handler,
 * filters. Two things differ from HTTP: a guard's denial ends the job without another attempt, and
 * a filter may change the error but not turn a failure into a success.
 * @internal
 */
@Injectable()
export class EnhancedCalls {
  constructor(private readonly contexts: EnhancerContexts) {}

  create(
    handler: CalledMethod,
    instance: object,
    contextId: ContextId = STATIC_CONTEXT,
  ): HandlerCall {
    // An instance may have a method of its own in the place of the class's, a spy for instance.
    const own = (instance as Record<string, Method>)[handler.methodName]!;
    const callback = withMetadataOf(handler.method, own) as Method;
    const moduleKey = handler.wrapper?.host?.token ?? '';
    const inquirerId = handler.wrapper?.id;
    const guards = this.contexts.guards.create(
      instance,
      callback,
      moduleKey,
      contextId,
      inquirerId,
    );
    const filters = this.contexts.filters.create(
      instance,
      callback as never,
      moduleKey,
      contextId,
      inquirerId,
    );
    const hasPipes = describeArguments(instance, handler);
    const call = this.contexts.calls.create(
      instance,
      withMetadataOf(callback, (...args: unknown[]) =>
        intercepted(own.apply(instance, args)),
      ) as Method,
      handler.methodName,
      hasPipes ? ARGUMENTS_METADATA : undefined,
      hasPipes ? argumentsFactory : undefined,
      contextId,
      inquirerId,
      { guards: false, interceptors: true, filters: false },
      CONTEXT_TYPE,
    );

    return async (run, args) => {
      const list = [...args];
      try {
        await this.passGuards(run, guards, list, instance, callback);
        return await call(...list);
      } catch (error) {
        const host = new ExecutionContextHost(list, instance.constructor as never, callback);
        host.setType(CONTEXT_TYPE);
        // Returning from a filter means "handled" in HTTP; a job that failed stays failed.
        await filters.invokeCustomFilters(error as Error, host);
        throw error;
      }
    };
  }

  private async passGuards(
    run: HandlerRun,
    guards: Parameters<EnhancerContexts['guardsConsumer']['tryActivate']>[0],
    args: unknown[],
    instance: object,
    callback: (...args: unknown[]) => unknown,
  ): Promise<void> {
    try {
      const allowed = await this.contexts.guardsConsumer.tryActivate(
        guards,
        args,
        instance,
        callback,
        CONTEXT_TYPE,
      );
      if (!allowed) throw new ForbiddenException('Forbidden resource');
    } catch (denial) {
      // A guard that failed to answer (its database is away) denied nothing.
      if (denial instanceof HttpException && denial.getStatus() < 500) run.unrecoverable = true;
      throw denial;
    }
  }
}

/**
 * Notes the handler's arguments in the metadata that pipes are driven by.
 * @returns whether the handler has pipes at all
 */
function describeArguments(instance: object, { type, methodName, method }: CalledMethod): boolean {
  if (!Reflect.hasMetadata(PIPES_METADATA, method) && !Reflect.hasMetadata(PIPES_METADATA, type))
    return false;
  const types = (Reflect.getMetadata('design:paramtypes', type.prototype as object, methodName) ??
    []) as unknown[];
  const count = Math.max(types.length, (method as (...args: never[]) => unknown).length);
  const described = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `${BODY}:${index}`,
      { index, data: index, pipes: [] },
    ]),
  );
  Reflect.defineMetadata(ARGUMENTS_METADATA, described, instance.constructor, methodName);
  return true;
}
