import { capital, describeJob, JobsError, type JobLocation } from './jobs.error.js';

/**
 * Reason of an abort: the handler ran longer than its `timeout`.
 * @publicApi
 */
export class JobTimeoutError extends JobsError {
  constructor(
    readonly timeoutMs: number,
    location: JobLocation,
  ) {
    super(`${capital(describeJob(location))} ran longer than its timeout of ${timeoutMs} ms.`);
  }
}

/**
 * The job was cancelled through `JobScheduler.cancel()`.
 * @publicApi
 */
export class JobCancelledError extends JobsError {
  constructor(
    location: JobLocation,
    readonly reason?: string,
  ) {
    super(`${capital(describeJob(location))} was cancelled${reason ? `: ${reason}` : ''}.`);
  }
}

/** Whether the message that a job failed with is that of its cancellation. @internal */
export function isCancellation(
  message: string,
  { queue, id }: { queue: string; id: string },
): boolean {
  const where = ` (id ${id}) in queue "${queue}" was cancelled`;
  const end = message.indexOf(where) + where.length;
  return end >= where.length && message.startsWith('Job ') && /^[:.]/.test(message.slice(end));
}

/**
 * Reason of an abort: the process is shutting down. The job goes back to its queue with its
 * attempts unchanged.
 * @publicApi
 */
export class ShutdownError extends JobsError {
  constructor(location: JobLocation) {
    super(
      `${capital(describeJob(location))} was interrupted because this process is shutting down.`,
    );
  }
}

/**
 * Reason of an abort: the lock was lost, so another worker may run the job now. What this run
 * returns is not stored.
 * @publicApi
 */
export class LockLostError extends JobsError {
  /**
   * @param blockedMs for how long this process's event loop was blocked before, in ms; 0 when it
   *   was not
   */
  constructor(
    location: JobLocation,
    readonly blockedMs = 0,
  ) {
    super(
      `${capital(describeJob(location))} lost its lock${describeBlock(blockedMs)}: another worker may be running it.` +
        (blockedMs > 0 ? ' Give the event loop a turn now and then, or a longer lock.' : ''),
    );
  }
}

/**
 * No handler of that name was found in this process within the time allowed.
 * @publicApi
 */
export class UnknownJobNameError extends JobsError {
  constructor(location: JobLocation, known: readonly string[], waitedMs: number) {
    const names = known.length === 0 ? 'no job at all' : known.map((n) => `"${n}"`).join(', ');
    super(
      `No handler for ${describeJob(location)} after ${Math.round(waitedMs / 1000)} s. This process knows ${names}. ` +
        'Deploy the handler, or add the old name to its `aliases`, and retry the job; or remove it, if nobody wants it any more.',
    );
  }
}

/**
 * What is stored of a job cannot be read. The job fails alone; its raw data stays for inspection.
 * @publicApi
 */
export class DamagedJobError extends JobsError {
  constructor(location: JobLocation, reason: string) {
    super(
      `The stored data of ${describeJob(location)} cannot be read: ${reason}. ` +
        'Repair or remove it; retrying will not help.',
    );
  }
}

/**
 * A handler threw something that is no Error; the thrown value is described in the message.
 * @publicApi
 */
export class NonErrorThrownError extends JobsError {
  constructor(description: string, location: JobLocation) {
    super(`${capital(describeJob(location))} threw ${description} instead of an Error.`);
  }
}

/**
 * A handler returned work that nobody would do, a generator or another async iterable: nothing
 * loops over it. The job fails without another attempt.
 * @publicApi
 */
export class UndoneWorkError extends JobsError {
  /** @param returned what it is, in words */
  constructor(returned: string, location: JobLocation = {}) {
    super(
      `${capital(describeJob(location))} returned ${returned}, whose work is not done: expected a value, a promise or an ` +
        'Observable. To do the work, loop over it in the handler: for await (const item of items) { … }',
    );
  }
}

/**
 * A job ended in failure; thrown by `JobHandle.result()` with the stored message and stack.
 * @publicApi
 */
export class JobFailedError extends JobsError {
  constructor(
    location: JobLocation,
    readonly failedReason: string,
    readonly stacktrace: readonly string[] = [],
  ) {
    super(`${capital(describeJob(location))} failed: ${failedReason}`);
  }
}

/**
 * `JobHandle.result()` waited longer than its `timeout`. The job itself goes on.
 * @publicApi
 */
export class ResultTimeoutError extends JobsError {
  constructor(location: JobLocation, timeoutMs: number) {
    super(`${capital(describeJob(location))} was not finished after ${timeoutMs} ms; it goes on.`);
  }
}

/**
 * The job is not in the store: never stored, removed, or past its retention.
 * @publicApi
 */
export class JobNotFoundError extends JobsError {
  constructor(location: JobLocation) {
    super(
      `${capital(describeJob(location))} is not in the store: it was removed, or its retention is over.`,
    );
  }
}

/**
 * The job is in a state in which the operation makes no sense.
 * @publicApi
 */
export class JobStateError extends JobsError {
  constructor(operation: string, location: JobLocation, expected: string, got: string) {
    super(`Cannot ${operation} ${describeJob(location)}: expected state ${expected}, got ${got}.`);
  }
}

/**
 * A unique job that failed cannot run again: another job has its key now. `queue` and `id` are of
 * that one.
 * @publicApi
 */
export class UniqueKeyHeldError extends JobsError {
  constructor(
    location: JobLocation,
    readonly queue: string,
    readonly id: string,
  ) {
    super(
      `Cannot retry ${describeJob(location)}: the job ${JSON.stringify(id)} has its unique key now. ` +
        'Retry it when that one has ended, or cancel that one first.',
    );
  }
}

/**
 * `JobContext` was used outside a running job.
 * @publicApi
 */
export class NoJobContextError extends JobsError {
  constructor(member: string) {
    super(
      `JobContext.${member} was used outside a job. Use it only in code that a @Job method calls, ` +
        'and guard shared code with JobContext.isActive.',
    );
  }
}

/**
 * The store did not take the end of a run, which is stored again until it does. Says nothing about
 * how the run ended.
 * @internal
 */
export class EndNotStoredError extends JobsError {
  constructor(location: JobLocation, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `The end of ${describeJob(location)} could not be stored, and is stored again until the store takes it or the ` +
        `job's lock is lost: ${reason}`,
      { cause },
    );
  }
}

/**
 * Why locks could not be renewed in time: ` while the event loop was blocked for 20 s …`; empty
 * when it was not. @internal
 */
export function describeBlock(blockedMs: number): string {
  if (blockedMs === 0) return '';
  const seconds = (blockedMs / 1_000).toFixed(blockedMs < 10_000 ? 1 : 0);
  return `, since the event loop was blocked for ${seconds} s (by a handler that computes, or while the process was stopped)`;
}
