import {
  Catch,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { ApplicationConfig, type ExternalContextCreator } from '@nestjs/core';
import { errorReason } from '../errors/index.js';
import { EnhancedCalls } from './enhanced-calls.js';
import { EnhancerContexts } from './enhancer-contexts.js';
import type { HandlerRun } from './handler-run.js';

type Note = (step: string, ...details: readonly unknown[]) => void;

/**
 * Calls a method that has a guard, an interceptor, a pipe and a filter, and fails, in an
 * application that has a guard and an interceptor for everything.
 * @returns what was called, in its order
 * @internal
 */
export async function rehearseCall(external: ExternalContextCreator): Promise<readonly string[]> {
  const notes: string[] = [];
  const note: Note = (step, ...details) => void notes.push([step, ...details].join(' '));
  const config = new ApplicationConfig();
  config.addGlobalGuard(guard('global guard', note));
  config.addGlobalInterceptor(interceptor('global interceptor', note));
  const type = decorated(note);
  const method = type.prototype.run;
  const calls = new EnhancedCalls(
    new EnhancerContexts(external, config, { globalEnhancers: true }),
  );
  const called = { methodName: 'run', method, type, wrapper: undefined };
  const call = calls.create(called, new type());
  try {
    await call({ unrecoverable: false } as HandlerRun, ['value']);
  } catch (error) {
    note('failed', errorReason(error));
  }
  return notes;
}

function decorated(note: Note): new () => { run(value: string): void } {
  @Catch()
  class Filter implements ExceptionFilter {
    catch(error: Error): void {
      note('filter', error.message);
    }
  }

  const pipe: PipeTransform<string> = {
    transform(value, { type, data }) {
      note('pipe', value, type, data);
      return `${value}!`;
    },
  };

  class Service {
    @UseGuards(guard('guard', note))
    @UseInterceptors(interceptor('interceptor', note))
    @UsePipes(pipe)
    @UseFilters(new Filter())
    run(value: string): void {
      note('method', value);
      throw new Error('reason');
    }
  }
  return Service;
}

function guard(name: string, note: Note): CanActivate {
  return {
    canActivate(context) {
      note(name, ...wordsOf(context));
      return true;
    },
  };
}

function interceptor(name: string, note: Note): NestInterceptor {
  return {
    intercept(context, next) {
      note(name, ...wordsOf(context));
      return next.handle();
    },
  };
}

function wordsOf(context: ExecutionContext): readonly unknown[] {
  return [context.getType(), context.getHandler().name, ...context.getArgs<unknown[]>()];
}
