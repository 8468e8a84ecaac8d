/** A series of ticks. All times are Unix milliseconds. @internal */
export interface TickSource {
  /** The first tick that is strictly later; undefined when there is none. */
  next(after: number): number | undefined;
}
