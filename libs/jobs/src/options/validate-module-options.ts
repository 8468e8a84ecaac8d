import { shortened } from '../errors/index.js';
import { hideSecrets } from './hide-secrets.js';
import type { JobsModuleOptions, QueueOptions } from './module-options.js';
import { checkOptions, rules, show, type Rule, type Rules } from './option-rules.js';

const CONNECTION: Rule = {
  expected:
    "a file ('file:…', ':memory:'), a URL ('redis://…', 'rediss://…', 'postgres://…'), connection options, a " +
    'client or a pool',
  accepts: (v) => (typeof v === 'string' ? isAddress(v) : typeof v === 'object' && v !== null),
  secret: true,
};

type Parts<Option extends keyof JobsModuleOptions> = NonNullable<JobsModuleOptions[Option]>;

const MODULE_RULES: Rules<JobsModuleOptions> = {
  connection: CONNECTION,
  directConnection: CONNECTION,
  prefix: rules.prefix,
  schema: rules.identifier,
  migrate: rules.boolean,
  queues: rules.record,
  workers: rules.workers,
  defaults: rules.record,
  maxPayloadBytes: rules.positiveInteger,
  connectTimeout: rules.positiveDuration,
  enqueueTimeout: rules.positiveDuration,
  shutdownTimeout: rules.duration,
  abortTimeout: rules.duration,
  unknownNameTimeout: rules.duration,
  lock: rules.record,
  context: rules.contextCarrier,
  recurring: rules.record,
  calendars: rules.calendars,
  globalEnhancers: rules.boolean,
};

const QUEUE_RULES: Rules<QueueOptions> = {
  concurrency: rules.positiveInteger,
  rateLimit: rules.rateLimit,
};

const DEFAULTS_RULES: Rules<Parts<'defaults'>> = {
  attempts: rules.positiveInteger,
  backoff: rules.storedBackoff,
  timeout: rules.positiveDuration,
  concurrency: rules.positiveInteger,
  removeOnComplete: rules.retention,
  removeOnFail: rules.retention,
};

const LOCK_RULES: Rules<Parts<'lock'>> = {
  duration: rules.positiveDuration,
  // BullMQ gives it to a timer of Node's, which can be no longer.
  sweep: rules.intervalInDriver,
  maxStalls: rules.positiveInteger,
};

const RECURRING_RULES: Rules<Parts<'recurring'>> = { dialect: rules.cronDialect };

/** All faults of what `forRoot()` was given. @internal */
export function validateModuleOptions(given: unknown): string[] {
  const where = 'JobsModule.forRoot()';
  const problems = checkOptions(given, MODULE_RULES, where);
  const options = (given ?? {}) as Record<string, unknown>;
  if (isObject(options.defaults)) {
    problems.push(...checkOptions(options.defaults, DEFAULTS_RULES, `${where} defaults`));
  }
  if (isObject(options.lock))
    problems.push(...checkOptions(options.lock, LOCK_RULES, `${where} lock`));
  if (isObject(options.recurring)) {
    problems.push(...checkOptions(options.recurring, RECURRING_RULES, `${where} recurring`));
  }
  if (isObject(options.queues)) {
    for (const [name, queue] of Object.entries(options.queues)) {
      if (!rules.queueName.accepts(name)) {
        problems.push(`${where} queues: expected ${rules.queueName.expected}, got ${show(name)}`);
      }
      problems.push(
        ...checkOptions(queue, QUEUE_RULES, `${where} queues.${shortened(hideSecrets(name))}`),
      );
    }
  }
  return problems;
}

/** Whether the options say what can be read as a store, by a `connection` or by none. @internal */
export function namesStore(given: unknown): boolean {
  if (!isObject(given)) return false;
  const { connection } = given as { connection?: unknown };
  return connection === undefined || CONNECTION.accepts(connection);
}

/** A URL, ':memory:' or the path of a file that is called a database's. */
function isAddress(text: string): boolean {
  return URL.canParse(text) || /^:memory:$|\.(?:sqlite3?|db)$/i.test(text);
}

/** A list is none. @internal */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
