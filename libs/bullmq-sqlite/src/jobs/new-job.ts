import type { JobJson, ParentKeyOpts } from 'bullmq';

/** A job to store, as BullMQ hands it over. */
export interface NewJob {
  job: JobJson;
  /** The id that the caller chose; empty for the queue's next number. */
  jobId: string;
  parentKeyOpts?: ParentKeyOpts | undefined;
}
