import { DamagedJobError } from '../errors/index.js';
import { deserializeArguments, validateArguments } from '../payload/index.js';
import type { JobRun } from './job-run.js';

/**
 * The arguments that a job was enqueued with, as its handler's schemas let them pass. What is
 * stored will not get better by waiting: a job that fails here gets no other attempt.
 * @throws DamagedJobError, InvalidArgumentsError
 * @internal
 */
export async function argumentsOf(run: JobRun): Promise<readonly unknown[]> {
  const args = read(run);
  const { schemas } = run.handler;
  if (schemas.length === 0) return args;
  try {
    return await validateArguments(args, schemas, run);
  } catch (error) {
    run.unrecoverable = true;
    throw error;
  }
}

function read(run: JobRun): readonly unknown[] {
  try {
    return deserializeArguments(run.job.data);
  } catch (error) {
    run.unrecoverable = true;
    throw new DamagedJobError(run, error instanceof Error ? error.message : String(error));
  }
}
