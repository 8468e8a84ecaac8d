/** A job that is about to start, and the rate that its key is held to. @internal */
export interface StartRequest {
  /** The handler's stored name, `|`, and what the rate limit's key function returned. */
  readonly key: string;
  /** The job: its queue, `|`, its id. */
  readonly job: string;
  /** How many starts there may be within any `perMs`. */
  readonly max: number;
  readonly perMs: number;
}

/**
 * A log of starts for each rate-limited key, and of the moments that were promised to jobs that
 * came too early. A key that was idle for a whole window takes no space.
 * @internal
 */
export interface StartStore {
  /**
   * Starts jobs, in order, where the window has room.
   * @returns for each 0 when it starts now; else in how many ms it may come again, a moment that is
   *   promised to it
   */
  start(requests: readonly StartRequest[]): Promise<readonly number[]>;
}
