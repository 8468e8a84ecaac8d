/**
 * Rows that expire on an engine which does not free the space of what has expired by itself: reads
 * pass over them.
 * @internal
 */
export interface ExpiringRows {
  /** For messages. */
  readonly name: string;
  /** Frees the space of some. @returns whether there may be more */
  free(): Promise<boolean>;
}
