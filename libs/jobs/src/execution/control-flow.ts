import { RATE_LIMIT_ERROR, UnrecoverableError } from 'bullmq';

/**
 * Names of the errors by which BullMQ is told that a processor has moved its job itself. @internal
 */
export const CONTROL_FLOW: ReadonlySet<string> = new Set([
  'DelayedError',
  'WaitingError',
  'WaitingChildrenError',
]);

/**
 * An error that BullMQ takes for a failure: one that happens to be called "DelayedError" would
 * leave the job active for ever.
 * @returns the error itself where nothing is wrong with it
 * @internal
 */
export function asFailure(error: Error): Error {
  const isRateLimit = error.message === RATE_LIMIT_ERROR;
  const isControlFlow = CONTROL_FLOW.has(error.name);
  if (!isRateLimit && !isControlFlow) return error;
  const message = isRateLimit ? `${error.message} (thrown by the handler)` : error.message;
  const failure = new Error(message, { cause: error });
  failure.name = isControlFlow ? 'Error' : error.name;
  failure.stack = error.stack;
  return failure;
}

/**
 * BullMQ tells by the name that no attempt is left; message and stack stay the error's own.
 * @internal
 */
export function asUnrecoverable(error: Error): Error {
  const unrecoverable = new UnrecoverableError(error.message);
  unrecoverable.stack = error.stack;
  // As BullMQ's error has no place for the error itself, but for what was behind it.
  if (error.cause !== undefined) unrecoverable.cause = error.cause;
  if (error instanceof AggregateError) Object.assign(unrecoverable, { errors: error.errors });
  return unrecoverable;
}
