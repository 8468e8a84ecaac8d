import { isFenced } from '../engines/index.js';
import { JobNotFoundError, JobStateError, type JobLocation } from '../errors/index.js';
import type { JobReader } from './job-reader.js';

/** A job that is about to be changed, and what it has to be for that. */
interface ChangedJob extends JobLocation {
  readonly queue: string;
  readonly id: string;
  /** In words, for the error. */
  readonly expected: string;
}

/** BullMQ's words, which it gives no code to. */
const LOCKED = /could not be removed because it is locked/;

/**
 * Changes a job that was looked at before. Where somebody else has changed it in between, BullMQ's
 * error becomes the one that the look would have given.
 * @param operation for the message, e.g. `retry`
 * @throws JobNotFoundError, JobStateError
 * @internal
 */
export async function changeJob(
  reader: JobReader,
  operation: string,
  { expected, ...location }: ChangedJob,
  change: () => Promise<void>,
): Promise<void> {
  try {
    await change();
  } catch (error) {
    const isRefused = isFenced(error) || (error instanceof Error && LOCKED.test(error.message));
    if (!isRefused) throw error;
    const state = await reader.state(location);
    if (state === 'removed') throw new JobNotFoundError(location);
    throw new JobStateError(operation, location, expected, state);
  }
}
