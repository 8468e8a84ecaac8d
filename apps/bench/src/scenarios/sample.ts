/** What one round measured. */
export interface Sample {
  readonly jobs: number;
  readonly wallMs: number;
  /**
   * CPU time of the whole process: the module or BullMQ, its driver, Node. The store's is not in
   * it.
   */
  readonly cpuMicros: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Boot alone: loading the packages, which precedes `wallMs`. */
  readonly loadMs?: number;
  /** Boot alone: resident memory after it and a garbage collection, in MB. */
  readonly residentMb?: number;
  readonly backlog?: Backlog;
  /** Recurring alone: registering everything once more. */
  readonly againMs?: number;
  /** Keyed alone: what jobs with keys reach of the throughput of the same jobs without. */
  readonly keyedRatio?: number;
  /** Boot alone: opening one connection and making one round trip. */
  readonly connectionMs?: number;
}

/** What a long backlog costs. */
export interface Backlog {
  /** How many jobs wait. */
  readonly waiting: number;
  /** What a job takes, as a multiple of what it takes with 1,000 waiting jobs. */
  readonly costRatio: number;
  /** Until a queue that is opened on it is ready. */
  readonly openMs: number;
  /** One `getJobCounts()`. */
  readonly countsMs: number;
}
