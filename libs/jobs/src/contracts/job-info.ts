import type { StoredTick } from './recurring-tick.js';

/**
 * What identifies a run of a job: the fields that every log line of it carries.
 * @publicApi
 */
export interface JobInfo {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** 1 for the first attempt. Waits, shutdowns and crashes do not count. */
  readonly attempt: number;
  /** How many attempts there are in all. */
  readonly attempts: number;
  /** The tick that it runs for; undefined unless it is a run of a recurring job. */
  readonly tick?: StoredTick | undefined;
}
