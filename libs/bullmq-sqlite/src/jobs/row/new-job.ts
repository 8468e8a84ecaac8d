import type { JobJson, ParentKeyOpts } from 'bullmq';

/** What is stored of a job that is added. */
export type JobContent = Pick<
  JobJson,
  'name' | 'data' | 'opts' | 'timestamp' | 'parentKey' | 'parent' | 'repeatJobKey'
>;

/** A job to store, as BullMQ hands it over. */
export interface NewJob {
  job: JobContent;
  /** The id that the caller chose; empty for the queue's next number. */
  jobId: string;
  parentKeyOpts?: ParentKeyOpts | undefined;
}
