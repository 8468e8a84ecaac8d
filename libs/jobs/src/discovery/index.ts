export type { Handler, HandlerClass } from './handler.js';
export {
  limitOf,
  concurrencyLimit,
  jobKey,
  rateLimit,
  uniqueness,
  type ConcurrencyLimit,
  type RateLimit,
  type Uniqueness,
} from './handler-limits.js';
export { HandlerExplorer } from './handler.explorer.js';
export { QueueRetention, type KeptJobs } from './queue-retention.js';
export type { DeclaredContinuation } from './continuations.js';
export type { DeclaredRecurrence } from './recurrences.js';
export { HandlerRegistry } from './handler.registry.js';
export { SchedulerLookup, type TimeoutRegistry } from './scheduler-lookup.js';
export { declarationHash, releaseContentOf } from './release-content.js';
