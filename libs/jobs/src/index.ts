export { JobsModule } from './jobs.module.js';
export { Job, Jobs } from './decorators/index.js';
export {
  JobHandle,
  JobScheduler,
  TransactionalJobs,
  type EnqueueManyOptions,
  type EnqueueOptions,
  type HandleOf,
  type JobDetails,
  type JobRef,
  type JobStateName,
  type ScheduleOptions,
} from './scheduling/index.js';
export { JobContext } from './execution/index.js';
export { JobsHealth, type JobsHealthReport } from './health/index.js';
export { migratePostgres } from './engines/index.js';
export type { HandlerClass } from './discovery/index.js';
export type { EngineCapabilities, JobInfo, ServerInfo } from './contracts/index.js';
export type { StoredPayload } from './payload/index.js';
export type {
  BackoffFunction,
  BackoffOptions,
  ContextCarrier,
  Duration,
  JobOptions,
  JobsClassOptions,
  JobsConnection,
  JobsModuleAsyncOptions,
  JobsModuleOptions,
  JobsOptionsFactory,
  QueueOptions,
  Retention,
  StandardSchema,
} from './options/index.js';
export {
  DamagedJobError,
  DuplicateJobError,
  EnqueueUncertainError,
  InvalidArgumentsError,
  InvalidEnqueueOptionsError,
  InvalidInvocationError,
  JobCancelledError,
  JobFailedError,
  JobNotFoundError,
  JobsConfigurationError,
  JobsError,
  JobStateError,
  JobTimeoutError,
  LockLostError,
  MissingDriverError,
  NoJobContextError,
  NonErrorThrownError,
  NoOpenTransactionError,
  PayloadTooLargeError,
  ResultTimeoutError,
  ShutdownError,
  StoreUnavailableError,
  StoreUnreachableError,
  UnknownJobNameError,
  UnserializableValueError,
  UnsupportedByEngineError,
} from './errors/index.js';
