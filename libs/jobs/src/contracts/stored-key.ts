/**
 * The idempotency key of a job, as it is stored with it.
 * @publicApi
 */
export interface StoredKey {
  readonly key: string;
  /** How long the key holds after the job has completed, in ms. */
  readonly windowMs: number;
  /** Tells the arguments of the job from others. */
  readonly hash: string;
}
