export {
  Batches,
  type BatchBuilder,
  type BatchCallback,
  type BatchEnd,
  type BatchHandle,
  type BatchOptions,
  type BatchProgress,
  type BatchResult,
  type BatchSummary,
} from './batches.js';
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
export { IdempotencyKeys } from './idempotency-keys.js';
export {
  Continuations,
  type Antecedents,
  type ContinuationValues,
  type ContinueOptions,
} from './continuations.js';
export { recordInvocation } from './invocation-recorder.js';
export type { JobDetails, JobStateName } from './job-details.js';
export { JobCanceller } from './job-canceller.js';
export { JobEnqueuer, type EnqueueManyOptions, type HandleOf } from './job-enqueuer.js';
export { JobChain } from './job-chain.js';
export { JobHandle } from './job-handle.js';
export { newJobId } from './job-id.js';
export { readJobRef, type JobRef } from './job-ref.js';
export { JobPreparer } from './job.preparer.js';
export { JobReader } from './job-reader.js';
export { JobScheduler } from './job-scheduler.js';
export { assertStoredByUs, JobWriter, uniqueKeyOf } from './job-writer.js';
export { PendingJobs, type PendingJob } from './pending-jobs.js';
export type { EnqueuedJob, PreparedJob, StoredJobOptions } from './prepared-job.js';
export { JobLimits, type LimitChange, type LimitsNow } from './job-limits.js';
export { JobLines } from './job-lines.js';
export { RecurringJobs, type RecurringJob, type RecurringJobOptions } from './recurring-jobs.js';
export { StoreCalls } from './store-calls.js';
export { WaitingRuns } from './waiting-runs.js';
export { TransactionalJobs } from './transactional-jobs.js';
