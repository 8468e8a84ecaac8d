/**
 * Small shared state beside BullMQ's own: heartbeats, cancel requests, permits, checkpoints, links,
 * and messages between processes. One implementation for each engine; nothing else may talk to a
 * datastore directly.
 *
 * Keys, list names and channels are built from validated names joined by `:`; values are strings
 * (JSON where they have parts). Expiry goes by the store's clock, never by a process's.
 * @internal
 */
export interface CoordinationStore {
  /** The value of a key, or undefined when there is none or it has expired. */
  get(key: string): Promise<string | undefined>;
  /**
   * Sets a key, whatever it held.
   * @param ttlMs expires after this long; no expiry when absent
   */
  set(key: string, value: string, ttlMs?: number): Promise<void>;
  /**
   * Sets a key only if it holds what is expected, atomically.
   * @param expected the value it must hold; undefined = the key must not exist
   * @returns whether it was set
   */
  compareAndSet(
    key: string,
    expected: string | undefined,
    value: string,
    ttlMs?: number,
  ): Promise<boolean>;
  /**
   * Deletes a key.
   * @param expected when given, only if it holds this value, atomically
   * @returns whether a key was deleted
   */
  delete(key: string, expected?: string): Promise<boolean>;
  /** All live keys that start with `prefix`, with their values. For small sets (servers, flags). */
  entries(prefix: string): Promise<ReadonlyMap<string, string>>;

  /**
   * Takes one of `limit` permits. Taking again with the same holder renews its expiry.
   * @param holder who takes it; unique to the taking
   * @param ttlMs the permit frees itself after this long unless renewed
   * @returns whether the permit is held now
   */
  acquirePermit(name: string, holder: string, limit: number, ttlMs: number): Promise<boolean>;
  /** Gives a permit back. Unknown holders are ignored. @returns whether one was held */
  releasePermit(name: string, holder: string): Promise<boolean>;

  /**
   * Sends a message to every subscribed process, this one included. Best effort: a process that is
   * not connected misses it, so a message is a hint and the stored state decides.
   */
  publish(channel: string, message: string): Promise<void>;
  /**
   * Listens to a channel. All channels of a process share one connection.
   * @returns stops listening
   */
  subscribe(channel: string, listener: (message: string) => void): Promise<() => Promise<void>>;
  /** Whether messages can arrive now: the channel's connection is up. */
  readonly connected: boolean;

  /** The store's own clock, Unix milliseconds. */
  now(): Promise<number>;
  /**
   * What to measure ages by, in ms: the store's own clock, but where that is this machine's, one
   * that nobody sets.
   */
  steadyNow(): Promise<number>;
  /** Stops listening and closes what this store opened. */
  close(): Promise<void>;
}
