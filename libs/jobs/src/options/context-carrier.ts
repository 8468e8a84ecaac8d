/**
 * Carries context from the code that enqueues to the handler that runs later, maybe in another
 * process.
 * @publicApi
 */
export interface ContextCarrier<T = unknown> {
  /**
   * Called at enqueue. Returns the little that the handler needs (ids, locale, a trace header), or
   * undefined for nothing. It is stored with the job, so never return a live request object.
   */
  capture(): T | undefined;
  /**
   * Called around the handler with what `capture` returned. Must call `run` and return what it
   * returns.
   */
  restore<R>(captured: T, run: () => R): R;
}
