/** What a test tells the program to do. */
export type StoreOrder =
  /** Adds jobs one by one; a job that is to hold runs until `release`. */
  | { do: 'add'; ids: string[]; hold?: boolean }
  /** Lets the jobs return that hold, and those that are still to run. */
  | { do: 'release' }
  | { do: 'inspect'; ids: string[] }
  /** Keeps the file from growing: its pages are all there are. */
  | { do: 'limit-pages'; limited: boolean }
  | { do: 'close' };

/** What the program says. */
export type StoreTold =
  | { type: 'up' }
  | { type: 'added'; id: string }
  | { type: 'refused'; id: string; error: ToldError }
  | { type: 'started'; id: string }
  | { type: 'completed'; id: string }
  | { type: 'failed'; id: string; reason: string }
  /** An 'error' event of the worker. */
  | { type: 'error'; error: ToldError; at: number }
  | { type: 'jobs'; jobs: ToldJob[] }
  | { type: 'limited' }
  | { type: 'closed' };

export interface ToldError {
  name: string;
  message: string;
  path?: string | undefined;
}

export interface ToldJob {
  id: string;
  state: string;
  attemptsMade: number;
  failedReason: string | undefined;
}

export interface StoreAppConfig {
  path: string;
  lockDuration?: number;
  busyTimeout?: number;
}

export const QUEUE_NAME = 'faults';
