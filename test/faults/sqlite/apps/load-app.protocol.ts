/** What a test tells the program to do. */
export type LoadOrder =
  | { do: 'add'; count: number; bytes: number; pauseMs?: number }
  | { do: 'drain' }
  /** Measures for this long how much of a processor it takes. */
  | { do: 'measure-cpu'; ms: number }
  | { do: 'report' };

/** What the program says. */
export type LoadTold =
  | { type: 'up' }
  | { type: 'added' }
  | { type: 'drained' }
  | { type: 'progress'; runs: number }
  | { type: 'cpu'; percent: number }
  | { type: 'report'; report: LoadReport };

export interface LoadReport {
  /** The ids of the jobs that it ran. */
  ran: string[];
  /** How long after the call of `add` each job started, in ms. */
  latencies: number[];
  errors: string[];
  /**
   * How long each piece of work of the store held the event loop, in ms: by the clock, and of the
   * processor.
   */
  blocks: number[];
  processorBlocks: number[];
  /** The event loop's delays beyond its timer, whoever caused them, in ms. */
  longestDelay: number;
}

export interface LoadAppConfig {
  path: string;
  worker: boolean;
  concurrency?: number;
}
