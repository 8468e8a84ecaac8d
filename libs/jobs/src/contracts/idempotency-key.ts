/**
 * The idempotency key of a job, as it is stored with it.
 * @publicApi
 */
export interface StoredKey {
  readonly key: string;
  /**
   * The oldest name of the handler, where that is not the job's: each handler has keys of its own.
   */
  readonly group?: string;
  /** How long the key holds after the job has completed, in ms. */
  readonly windowMs: number;
  /** Tells the arguments of the job from others. */
  readonly hash: string;
}
