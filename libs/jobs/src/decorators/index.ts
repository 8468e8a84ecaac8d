export { Continuation } from './continuation.decorator.js';
export { Job, type JobDecorator } from './job.decorator.js';
export { Jobs } from './jobs.decorator.js';
export { Recurring } from './recurring.decorator.js';
export { classOptionsOf, misplacedJobs, queuesDeclaredByDecorators } from './job-metadata.js';
export {
  decoratedNames,
  decorationsOf,
  type ContinuationMetadata,
  type MethodDecorations,
  type RecurringMetadata,
} from './method-decorations.js';
