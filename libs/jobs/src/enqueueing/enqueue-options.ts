import { InvalidEnqueueOptionsError, type JobLocation } from '../errors/index.js';
import {
  checkOptions,
  LIMIT_RULES,
  parseDuration,
  rules,
  takeOptions,
  type BackoffOptions,
  type Duration,
  type JobKey,
  type Rules,
  type UniqueOptions,
} from '../options/index.js';

/**
 * Options of one enqueue; each overrides the handler's.
 * @publicApi
 */
export interface EnqueueOptions {
  /**
   * Your own id, unique in the queue, for idempotent enqueueing: a second job with it is refused
   * with a DuplicateJobError. No integer, no `:`. Default: a new UUIDv7.
   */
  id?: string;
  /**
   * Your own name for a piece of work that must not be done twice: while a job of this handler with
   * this key is live, and for {@link idempotencyWindow} after it completed, no other is stored, and
   * the call returns the handle of that job. One that failed for good, was removed, or was
   * cancelled while it waited frees its key, as does one that is not tried for 30 days after it was
   * due. With other arguments the key is refused with an IdempotencyKeyReusedError. A call whose
   * outcome is not known (EnqueueUncertainError) may be repeated as it is. 1 to 256 characters; not
   * together with `id`, nor in a transaction. Default none.
   */
  idempotencyKey?: string;
  /** How long the key holds after completion. Default 24 h. */
  idempotencyWindow?: Duration;
  /** The queue. Default: the handler's, which is the only one for a job that is `unique`. */
  queue?: string;
  /** How many times the job may be tried in all. Default: the handler's. */
  attempts?: number;
  /** Pauses between attempts. Default: the handler's. */
  backoff?: BackoffOptions;
  /**
   * 1 (first) to 2,097,151 (last); jobs without one run before all with one. Default: the
   * handler's.
   */
  priority?: number;
  /** Longest run of one attempt. Default: the handler's. */
  timeout?: Duration;
  /** Put the job before those that wait, instead of behind. Default false. */
  lifo?: boolean;
  /** What `concurrency` counts the job by. Default: the handler's. */
  concurrencyKey?: JobKey;
  /** What `rateLimit` counts the job by. Default: the handler's. */
  rateLimitKey?: JobKey;
  /**
   * At most one job with this key among those of the handler. Not in a batch, nor for the first
   * step of a chain of several. Default: the handler's.
   */
  unique?: Omit<UniqueOptions, 'key'> & { key?: JobKey };
}

/**
 * When a job is due: exactly one of `delay` and `at`.
 * @publicApi
 */
export type ScheduleOptions = EnqueueOptions &
  (
    | {
        /** How long from now: ms, `'3 days'`, `'PT1H'`. */
        delay: Duration;
        at?: undefined;
      }
    | {
        /** The moment. One in the past means now. */
        at: Date;
        delay?: undefined;
      }
  );

const ENQUEUE_RULES: Rules<EnqueueOptions> = {
  id: rules.jobId,
  idempotencyKey: rules.key,
  idempotencyWindow: rules.positiveDuration,
  queue: rules.queueName,
  attempts: rules.positiveInteger,
  backoff: rules.storedBackoff,
  priority: rules.priority,
  timeout: rules.positiveDuration,
  lifo: rules.boolean,
  concurrencyKey: LIMIT_RULES.key,
  rateLimitKey: LIMIT_RULES.key,
  unique: LIMIT_RULES.unique,
};

/** What is of one job cannot be of many. */
type OfOneJob = 'id' | 'idempotencyKey' | 'idempotencyWindow';

const { id: _, idempotencyKey: __, idempotencyWindow: ___, ...ofTicks } = ENQUEUE_RULES;

/**
 * The rules for options of the jobs of a recurring job, of which each has an id of its own.
 * @internal
 */
export const TICK_RULES: Rules<Omit<EnqueueOptions, OfOneJob>> = ofTicks;

const SCHEDULE_RULES: Rules<ScheduleOptions> = {
  ...ENQUEUE_RULES,
  delay: rules.duration,
  at: rules.date,
};

/** What a call of `schedule` asks for. @internal */
export interface DueOptions {
  readonly options: EnqueueOptions;
  /** 0 = at once. */
  readonly delayMs: number;
}

/**
 * Takes the options of `enqueue`, and checks them.
 * @returns a copy: only that is to be read from here on
 * @throws InvalidEnqueueOptionsError with every fault
 * @internal
 */
export function readEnqueueOptions(given: EnqueueOptions, location: JobLocation): EnqueueOptions {
  const options = takeOptions(given);
  const problems = checkOptions(options, ENQUEUE_RULES, 'options').map((problem) =>
    /unknown option "(delay|at)"/.test(problem)
      ? `${problem}; to run a job later, use schedule()`
      : problem,
  );
  problems.push(...keyFaults(options));
  refuse(problems, location);
  return options;
}

/**
 * Takes the options of `schedule`, and checks them.
 * @param storeNow the time of the store, by which jobs are due
 * @returns a copy of those of the job, and when it is due
 * @throws InvalidEnqueueOptionsError with every fault
 * @internal
 */
export function readScheduleOptions(
  given: ScheduleOptions,
  location: JobLocation,
  storeNow: number,
): DueOptions {
  const taken = takeOptions(given);
  const problems = checkOptions(taken, SCHEDULE_RULES, 'options');
  problems.push(...keyFaults(taken));
  const { delay, at, ...options } = taken ?? {};
  if ((delay === undefined) === (at === undefined)) {
    problems.push('options: expected exactly one of "delay" and "at"');
  }
  refuse(problems, location);
  const delayMs = at === undefined ? parseDuration(delay)! : Math.max(0, at.getTime() - storeNow);
  return { options, delayMs };
}

function keyFaults(options: EnqueueOptions | null | undefined): string[] {
  const { id, idempotencyKey, idempotencyWindow } = options ?? {};
  const faults: string[] = [];
  if (id !== undefined && idempotencyKey !== undefined)
    faults.push('options: expected at most one of "id" and "idempotencyKey"');
  if (idempotencyWindow !== undefined && idempotencyKey === undefined)
    faults.push('options: "idempotencyWindow" expected an "idempotencyKey" beside it');
  return faults;
}

function refuse(problems: readonly string[], location: JobLocation): void {
  if (problems.length > 0) throw new InvalidEnqueueOptionsError(problems, location);
}
