import type { JobOptions } from './job-options.js';
import { LIMIT_RULES } from './limit-rules.js';
import { checkOptions, rules, type Rules } from './option-rules.js';

/** The rules of `JobOptions`. @internal */
export const JOB_RULES: Rules<JobOptions> = {
  queue: rules.queueName,
  name: rules.jobName,
  aliases: rules.jobNames,
  attempts: rules.positiveInteger,
  backoff: rules.backoff,
  retryIf: rules.callback,
  timeout: rules.positiveDuration,
  priority: rules.priority,
  removeOnComplete: rules.retention,
  removeOnFail: rules.retention,
  concurrency: LIMIT_RULES.concurrency,
  rateLimit: LIMIT_RULES.rateLimit,
  unique: LIMIT_RULES.unique,
  schema: rules.schema,
};

const { name: _name, aliases: _aliases, schema: _schema, ...CLASS_RULES } = JOB_RULES;

/** All faults of a `@Job()`. @internal */
export function validateJobOptions(given: unknown, where: string): string[] {
  return checkOptions(given, JOB_RULES, where);
}

/** All faults of a `@Jobs()`. @internal */
export function validateClassOptions(given: unknown, where: string): string[] {
  return checkOptions(given, CLASS_RULES, where);
}
