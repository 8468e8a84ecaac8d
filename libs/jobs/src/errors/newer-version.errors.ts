import { JobsError } from './jobs.error.js';

/**
 * A stored record was written by a newer version of nestjs-jobs, in a form that this one does not
 * know. It is left as it is: a process of the newer version goes on with it.
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

/**
 * A newer version has changed the store so that this one cannot work on it. Thrown when the
 * application is created; a process that runs already claims no more jobs, and logs it.
 * @publicApi
 */
export class NewerStoreError extends JobsError {
  /**
   * @param engine the engine's name
   * @param address host and port without credentials, or the file
   * @param difference what was expected, and what was found
   */
  constructor(
    readonly engine: string,
    readonly address: string,
    readonly difference: string,
    options?: ErrorOptions,
  ) {
    super(
      `A newer version has changed the ${engine} store at ${address}, and this one cannot work on it: ${difference}. ` +
        'Run the newer version in this process, too; or give this one a store, or a "prefix" (PostgreSQL: "schema"), of its own.',
      options,
    );
  }
}
