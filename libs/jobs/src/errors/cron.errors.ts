import { JobsError } from './jobs.error.js';

/**
 * One thing that is wrong with a cron expression.
 * @publicApi
 */
export interface CronFault {
  /** The field at fault (`'minute'`, `'day of week'` …), or `'expression'` when it is the whole. */
  readonly field: string;
  /** The piece of text at fault, as it was written. */
  readonly got: string;
  /** What was expected in its place. */
  readonly reason: string;
  /** What to write instead, where that can be told. */
  readonly hint?: string;
}

/**
 * A cron expression cannot be read, or names no time that ever comes. Carries every fault found.
 * @publicApi
 */
export class InvalidCronError extends JobsError {
  constructor(
    readonly expression: string,
    readonly faults: readonly CronFault[],
  ) {
    const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
    const lines = faults.map(
      ({ field, got, reason, hint }) =>
        `  - ${field}: expected ${reason}, got "${got}"${hint === undefined ? '' : `: ${hint}`}`,
    );
    const shown = expression.length > 100 ? `${expression.slice(0, 100)}…` : expression;
    super(`Invalid cron expression "${shown}" (${count}):\n${lines.join('\n')}`);
  }
}

/**
 * An argument of a cron function is out of its range or of the wrong kind.
 * @publicApi
 */
export class CronArgumentError extends JobsError {
  /**
   * @param call the function, e.g. `Cron.daily()`
   * @param argument the parameter's name
   * @param expected what it takes
   * @param got what was given, as a message shows it
   * @param hint what to do instead
   */
  constructor(
    call: string,
    readonly argument: string,
    expected: string,
    got: string,
    hint?: string,
  ) {
    super(
      `${call}: expected ${argument} to be ${expected}, got ${got}.${hint === undefined ? '' : ` ${hint}`}`,
    );
  }
}

/**
 * A time zone is not in the IANA database of this Node.js.
 * @publicApi
 */
export class UnknownTimeZoneError extends JobsError {
  /**
   * @param timeZone what was given, as a message shows it
   * @param suggestion the zone that was probably meant
   * @param hint what to give instead
   */
  constructor(
    readonly timeZone: string,
    readonly suggestion?: string,
    hint = suggestion === undefined ? '' : ` Did you mean "${suggestion}"?`,
  ) {
    super(`Expected an IANA time zone such as "Europe/Berlin" or "UTC", got ${timeZone}.${hint}`);
  }
}
