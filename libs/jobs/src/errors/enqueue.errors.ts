import { capital, describeJob, JobsError, type JobLocation } from './jobs.error.js';

/**
 * The callback given to `enqueue` did not make exactly one call of one `@Job` method, or the class
 * is not known to this process.
 * @publicApi
 */
export class InvalidInvocationError extends JobsError {}

/**
 * An option of a call (delay, id, priority …) is wrong: the field, what was expected, what was
 * given.
 * @publicApi
 */
export class InvalidEnqueueOptionsError extends JobsError {
  constructor(
    readonly problems: readonly string[],
    location: JobLocation,
  ) {
    super(`Cannot enqueue ${describeJob(location)}: ${problems.join('; ')}.`);
  }
}

/**
 * An argument (or a result) cannot be stored and come back as it went in.
 * @publicApi
 */
export class UnserializableValueError extends JobsError {
  /**
   * @param path where the value is, e.g. `args[0].user.save`
   * @param found what was found there, e.g. `a function`
   */
  constructor(
    readonly path: string,
    readonly found: string,
    location: JobLocation = {},
  ) {
    super(
      `Cannot store ${path} of ${describeJob(location)}: expected a plain value (JSON types, Date, Map, Set, ` +
        `BigInt, URL, RegExp, typed array, undefined), got ${found}. Pass an id or a plain object instead.`,
    );
  }
}

/**
 * The arguments of a job are larger than `maxPayloadBytes`.
 * @publicApi
 */
export class PayloadTooLargeError extends JobsError {
  /** @param isCounted false where `bytes` is only what they take at least */
  constructor(
    readonly bytes: number,
    readonly limit: number,
    location: JobLocation,
    isCounted = true,
  ) {
    super(
      `The arguments of ${describeJob(location)} take ${isCounted ? '' : 'at least '}${bytes} bytes, more than the limit of ${limit}. ` +
        'Store the data elsewhere and pass its id, or raise `maxPayloadBytes` in JobsModule.forRoot().',
    );
  }
}

/**
 * The arguments do not satisfy the `schema` of the handler.
 * @publicApi
 */
export class InvalidArgumentsError extends JobsError {
  constructor(
    readonly issues: readonly string[],
    location: JobLocation,
  ) {
    super(`The arguments of ${describeJob(location)} are not valid: ${issues.join('; ')}.`);
  }
}

/**
 * A job with this id, or with this `unique` key, exists already; the stored one was left alone.
 * `queue` and `id` are its.
 * @publicApi
 */
export class DuplicateJobError extends JobsError {
  readonly queue: string;
  readonly id: string;

  /** @param uniqueKey that which both have, where it is not the id */
  constructor(location: JobLocation & { queue: string; id: string }, uniqueKey?: string) {
    super(
      uniqueKey !== undefined
        ? `Not stored: ${describeJob(location)} exists already and has the same unique key ` +
            `${JSON.stringify(uniqueKey)}. Go on with the job that exists: jobs.get(error).`
        : `${capital(describeJob(location))} was not stored: a job with this id exists already. Choose another id; or, ` +
            'if the id is your idempotency key, go on with the job that exists: jobs.get(error).',
    );
    this.queue = location.queue;
    this.id = location.id;
  }
}

/**
 * The idempotency key was given with other arguments before; nothing was stored.
 * @publicApi
 */
export class IdempotencyKeyReusedError extends JobsError {
  readonly queue: string;
  readonly id: string;

  /** @param location of the job that has the key */
  constructor(
    readonly key: string,
    location: JobLocation & { queue: string; id: string },
  ) {
    super(
      `The idempotency key ${JSON.stringify(key)} belongs to ${describeJob(location)}, which has other arguments; ` +
        'nothing was stored. Give each piece of work a key of its own; or go on with the job that exists: jobs.get(error).',
    );
    this.queue = location.queue;
    this.id = location.id;
  }
}

/**
 * The client given to `withTransaction()` has no open transaction: the job would be stored at once,
 * whatever becomes of what comes after it. It was not stored.
 * @publicApi
 */
export class NoOpenTransactionError extends JobsError {
  constructor(options?: ErrorOptions) {
    super(
      'The client given to withTransaction() has no open transaction, so nothing was stored: expected one after its ' +
        "BEGIN (pg: client.query('BEGIN'), node:sqlite: database.exec('BEGIN IMMEDIATE')) and before its COMMIT or " +
        'ROLLBACK. To store a job by itself, use JobScheduler.enqueue().',
      options,
    );
  }
}

/**
 * The store did not confirm the job in time: it may be stored, or not. Repeating the call with
 * `id: error.jobId` is safe, since a job is stored once per id.
 * @publicApi
 */
export class EnqueueUncertainError extends JobsError {
  constructor(
    readonly jobId: string,
    location: JobLocation,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `Not known whether ${describeJob({ ...location, id: jobId })} was stored: ${reason}. It may be stored; ` +
        `repeat the call with the option id: "${jobId}", which stores it at most once.`,
      options,
    );
  }
}

/**
 * The store could not be reached in time, refused, or was closed with the application. Of an
 * enqueue: the job was not stored.
 * @publicApi
 */
export class StoreUnavailableError extends JobsError {
  /**
   * @param operation what was not done, e.g. `store job "EmailService.send" in queue "emails"`
   * @param reason what was waited for, or what the store said
   * @param options `remedy`: what to do, where that is not to try again later
   */
  constructor(
    operation: string,
    reason: string,
    { remedy = 'Try again later.', ...options }: ErrorOptions & { readonly remedy?: string } = {},
  ) {
    super(`Could not ${operation}: ${reason.replace(/\.$/, '')}. ${remedy}`, options);
  }
}

/**
 * A change of a limit is wrong, or the handler has no such limit: every fault.
 * @publicApi
 */
export class InvalidLimitError extends JobsError {
  constructor(
    readonly problems: readonly string[],
    location: JobLocation,
  ) {
    super(`Cannot change the limits of ${describeJob(location)}: ${problems.join('; ')}.`);
  }
}
