import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { HandlerRun } from './handler-run.js';

/**
 * A method of a provider or controller that is called in the background: all that a call has to
 * know of it. @internal
 */
export interface CalledMethod {
  readonly methodName: string;
  /**
   * The method of `type`, for what other decorators say of it: guards and the like. Runs call that
   * of the instance.
   */
  readonly method: object;
  /** The class whose prototype has the method. */
  readonly type: abstract new (...args: never[]) => unknown;
  /** The provider or controller in Nest's container; none where this process calls it never. */
  readonly wrapper: InstanceWrapper<object> | undefined;
}

/** Calls a handler's method with arguments. @internal */
export type HandlerCall = (run: HandlerRun, args: readonly unknown[]) => unknown;
