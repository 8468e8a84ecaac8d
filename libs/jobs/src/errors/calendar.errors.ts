import { JobsError } from './jobs.error.js';

/**
 * A calendar cannot be made of what was given. Carries every fault found.
 * @publicApi
 */
export class InvalidCalendarError extends JobsError {
  /**
   * @param call the function, e.g. `Calendar.dates()`
   * @param problems one line for each fault: what was expected, and what was given
   */
  constructor(
    call: string,
    readonly problems: readonly string[],
  ) {
    const count = problems.length === 1 ? '1 fault' : `${problems.length} faults`;
    super(`${call} (${count}):\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/**
 * A calendar gave no answer for a moment: it threw, or it said something else than true or false.
 * @publicApi
 */
export class CalendarAnswerError extends JobsError {
  /**
   * @param calendar whose answer it was, e.g. `the calendar "holidays"`
   * @param time the moment it was asked about, Unix milliseconds
   * @param got what it did instead
   */
  constructor(
    readonly calendar: string,
    readonly time: number,
    got: string,
    options?: ErrorOptions,
  ) {
    super(
      `Expected ${calendar} to say true or false about ${describeTime(time)}, got ${got}. ` +
        'A calendar must answer at once, for every moment, and never throw.',
      options,
    );
  }
}

function describeTime(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}
