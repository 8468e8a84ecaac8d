import { ConnectionClosedError, ErrorCode } from 'bullmq';

/** Somebody else holds the job, or nobody does. */
const FENCED = new Set<unknown>([
  ErrorCode.JobNotExist,
  ErrorCode.JobLockNotExist,
  ErrorCode.JobNotInState,
  ErrorCode.JobLockMismatch,
]);

/** Its handler added jobs that it has to wait for, and returned without waiting. */
const UNFIT = new Set<unknown>([ErrorCode.JobPendingChildren, ErrorCode.JobHasFailedChildren]);

/** Whether the end of a run was refused because the job is no longer its own. @internal */
export function isFenced(error: unknown): boolean {
  return FENCED.has(codeOf(error));
}

/** Whether the end of a run was refused because of what its handler did. @internal */
export function isUnfit(error: unknown): boolean {
  return UNFIT.has(codeOf(error));
}

/**
 * What the store answered to the end of a run, in the form in which BullMQ's worker does not take
 * it for the end of the run: whatever is no verdict on the job becomes a closed connection, after
 * which the worker tries again. It would record a job that succeeded as failed otherwise, with the
 * store's words.
 * @internal
 */
export function asUnsettled(error: unknown): Error {
  if (error instanceof ConnectionClosedError || isFenced(error) || isUnfit(error))
    return error as Error;
  const reason = error instanceof Error ? error.message : String(error);
  return new ConnectionClosedError(`The end of the job was not stored: ${reason}`, error);
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null | undefined)?.code;
}
