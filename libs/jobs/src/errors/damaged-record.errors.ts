import { JobsError, shortened } from './jobs.error.js';

/**
 * A stored record cannot be read: it is no JSON, or lacks what a record of its kind has. It is left
 * as it is, and nothing is done that would need it.
 * @publicApi
 */
export class DamagedRecordError extends JobsError {
  /** @param key under which it is stored */
  constructor(
    readonly key: string,
    difference: string,
    options?: ErrorOptions,
  ) {
    super(
      `The stored record "${shortened(key)}" is damaged: ${difference}. It was left as it is. ` +
        'Restore it from a backup; or delete it from the store, and what is needed of it is stored anew.',
      options,
    );
  }
}
