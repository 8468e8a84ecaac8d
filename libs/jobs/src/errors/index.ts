export { InvalidRecurringJobError, RecurringJobNotFoundError } from './recurring.errors.js';
export { ContinuationSkippedError } from './continuation.errors.js';
export {
  BatchNotFoundError,
  BatchUncertainError,
  describeBatch,
  InvalidBatchError,
  type BatchFault,
} from './batch.errors.js';
export { DamagedRecordError } from './damaged-record.errors.js';
export { NewerRecordError, NewerStoreError } from './newer-version.errors.js';
export { errorReason, errorText } from './error-text.js';
export { describeJob, JobsError, shortened, type JobLocation } from './jobs.error.js';
export {
  JobsConfigurationError,
  LibraryChangedError,
  MissingDriverError,
  StoreUnreachableError,
  UnsupportedByEngineError,
} from './configuration.errors.js';
export { CalendarAnswerError, InvalidCalendarError } from './calendar.errors.js';
export {
  CronArgumentError,
  InvalidCronError,
  UnknownTimeZoneError,
  type CronFault,
} from './cron.errors.js';
export {
  DuplicateJobError,
  EnqueueUncertainError,
  IdempotencyKeyReusedError,
  InvalidArgumentsError,
  InvalidEnqueueOptionsError,
  InvalidInvocationError,
  InvalidLimitError,
  NoOpenTransactionError,
  PayloadTooLargeError,
  StoreUnavailableError,
  UnserializableValueError,
} from './enqueue.errors.js';
export {
  DamagedJobError,
  describeBlock,
  EndNotStoredError,
  JobCancelledError,
  isCancellation,
  JobFailedError,
  JobNotFoundError,
  JobStateError,
  UniqueKeyHeldError,
  JobTimeoutError,
  LockLostError,
  NoJobContextError,
  NonErrorThrownError,
  ResultTimeoutError,
  ShutdownError,
  UndoneWorkError,
  UnknownJobNameError,
} from './execution.errors.js';
