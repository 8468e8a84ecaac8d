export { isCancelledWaiting } from './cancelled-job.js';
export { changeJob } from './changed-job.js';
export {
  readEnqueueOptions,
  readScheduleOptions,
  TICK_RULES,
  type DueOptions,
  type EnqueueOptions,
  type ScheduleOptions,
} from './enqueue-options.js';
export { UniquePlaces } from './unique-places.js';
export { isUse, UnknownValueError, wordsOfRead, type UnknownUse } from './unknown-value.js';
export { callFor, itemsOf } from './items.js';
export { recordInvocation } from './invocation-recorder.js';
export type { JobDetails, JobStateName } from './job-details.js';
export { JobCanceller } from './job-canceller.js';
export {
  JobEnqueuer,
  type EnqueueManyOptions,
  type EnqueueParts,
  type HandleOf,
} from './job-enqueuer.js';
export { handleOf, JobHandle } from './job-handle.js';
export { isReadableId, newJobId } from './job-id.js';
export { readJobRef, type JobRef } from './job-ref.js';
export { JobRemover } from './job-remover.js';
export { JobPreparer } from './job.preparer.js';
export { JobReader } from './job-reader.js';
export { assertStoredByUs, insertJobs, JobWriter, uniqueKeyOf } from './job-writer.js';
export { PendingJobs, type PendingJob } from './pending-jobs.js';
export type { EnqueuedJob, PreparedJob, StoredJobOptions } from './prepared-job.js';
export { JobLines } from './job-lines.js';
export { SettledJobs } from './settled-jobs.js';
export { StoreCalls } from './store-calls.js';
export { readWaitOptions, type WaitOptions } from './wait-options.js';
export { WaitingRuns } from './waiting-runs.js';
