import { JobsError } from './jobs.error.js';

/**
 * A stored record was written by a newer version of nestjs-jobs, in a form that this one does not know. It is left as it
 * is: a process of the newer version goes on with it.
 * @publicApi
 */
export class NewerRecordError extends JobsError {
  /**
   * @param key under which it is stored
   * @param form the record's form
   * @param known the newest form that this version knows
   */
  constructor(
    readonly key: string,
    readonly form: number,
    readonly known: number,
  ) {
    super(
      `The stored record "${key}" was written by a newer version of nestjs-jobs: expected form ${known}, got form ${form}. ` +
        'It was left as it is. Run that version in this process, too.',
    );
  }
}
