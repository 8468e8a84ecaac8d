export {
  Continuation,
  continuationsOf,
  type ContinuationMetadata,
} from './continuation.decorator.js';
export { Job, type JobDecorator } from './job.decorator.js';
export { Jobs } from './jobs.decorator.js';
export { Recurring, recurrencesOf, type RecurringMetadata } from './recurring.decorator.js';
export {
  classOptionsOf,
  jobOptionsOf,
  misplacedJobs,
  queuesDeclaredByDecorators,
} from './job-metadata.js';
