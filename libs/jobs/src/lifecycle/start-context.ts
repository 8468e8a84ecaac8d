import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';

/**
 * The async context that the application was started in: the one of no request and of no job.
 *
 * What a function of the application leaves in its context (`enterWith()` of an AsyncLocalStorage)
 * would be seen by whatever this process does next on the same chain, and a timer that is armed
 * within a request keeps the request's context for as long as it is armed. So functions of the
 * application are called from here, and what outlives the call that began it is begun from here.
 * @internal
 */
@Injectable()
export class StartContext {
  private readonly enter = AsyncLocalStorage.snapshot();

  /** Calls a function in it; what that changes of its own context ends with it. */
  run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
    return this.enter(fn, ...args);
  }
}
