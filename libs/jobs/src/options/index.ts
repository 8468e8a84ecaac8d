export type { Calendar } from './calendar.js';
export type {
  MisfirePolicy,
  OverlapPolicy,
  Recurrence,
  RecurrenceSettings,
  RecurringOptions,
} from './recurring-options.js';
export type {
  ContinuationMoment,
  ContinuationOptions,
  ContinuationValue,
  HandlerMethod,
  JobEnding,
  JobError,
  MethodOf,
} from './continuation-options.js';
export type { ContextCarrier } from './context-carrier.js';
export { DEFAULT_BACKOFF, DEFAULT_QUEUE, DEFAULTS, SHORTEST_RETENTION_MS } from './defaults.js';
export { closest } from './did-you-mean.js';
export { parseDuration, type Duration } from './duration.js';
export { hideSecrets, isLikeUrl } from './hide-secrets.js';
export type {
  BackoffFunction,
  BackoffOptions,
  JobOptions,
  JobsClassOptions,
  Retention,
} from './job-options.js';
export type {
  ConcurrencyOptions,
  JobKey,
  JobKeyFunction,
  RateLimitOptions,
  UniqueOptions,
} from './limit-options.js';
export { LIMIT_RULES } from './limit-rules.js';
export type {
  JobsConnection,
  JobsModuleAsyncOptions,
  JobsModuleOptions,
  JobsOptionsFactory,
  QueueOptions,
} from './module-options.js';
export {
  checkOptions,
  HUBS_QUEUE,
  RESERVED_IDS,
  rules,
  show,
  type Rule,
  type Rules,
} from './option-rules.js';
export {
  JOBS_OPTIONS,
  type ResolvedOptions,
  type ResolvedQueueOptions,
  type ResolvedRetention,
} from './resolved-options.js';
export type { ReturnedValue } from './returned-value.js';
export { resolveOptions, resolveRetention } from './resolve-options.js';
export type {
  StandardSchema,
  StandardSchemaIssue,
  StandardSchemaResult,
} from './standard-schema.js';
export { kindOfOther, takeOptions } from './taken-options.js';
export { JOB_RULES, validateClassOptions, validateJobOptions } from './validate-job-options.js';
