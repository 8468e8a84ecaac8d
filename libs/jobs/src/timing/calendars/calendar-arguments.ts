import { ZoneClock } from '../cron/index.js';
import { InvalidCalendarError } from '../../errors/index.js';
import { checkOptions, show, type Rule } from '../../options/index.js';

/** What all calendars that look at local time take. @publicApi */
export interface CalendarOptions {
  /** IANA name of the zone whose clocks tell the days and the times. Default `'UTC'`. */
  readonly timeZone?: string;
}

/** Where a calendar's clocks are, when it does not say. @internal */
export const DEFAULT_ZONE = 'UTC';

/** The message for a zone says more than this. */
const ZONE: Rule = { expected: 'a time zone', accepts: () => true };

/** @throws InvalidCalendarError when there are any @internal */
export function refuse(call: string, problems: readonly string[]): void {
  if (problems.length > 0) throw new InvalidCalendarError(call, problems);
}

/** One line when a value is not as its rule says. @internal */
export function faultsOf(name: string, value: unknown, { expected, accepts }: Rule): string[] {
  return accepts(value) ? [] : [`expected ${name} to be ${expected}, got ${show(value)}`];
}

/** One line for each item that is not as the rule says. @internal */
export function listFaults(name: string, list: unknown, rule: Rule): string[] {
  if (!Array.isArray(list)) return [`expected ${name} to be a list, got ${show(list)}`];
  return list.flatMap((item, index) => faultsOf(`${name}[${index}]`, item, rule));
}

/**
 * One line for each fault of the options: unknown names, a zone that there is not, and what `table`
 * says. @internal
 */
export function optionFaults(
  options: unknown,
  table: Readonly<Record<string, Rule>> = {},
): string[] {
  const faults = checkOptions(options, { timeZone: ZONE, ...table }, 'options');
  const timeZone = (options as CalendarOptions | null)?.timeZone;
  if (timeZone === undefined) return faults;
  try {
    ZoneClock.of(timeZone);
    return faults;
  } catch (error) {
    return [...faults, `options: "timeZone": ${(error as Error).message}`];
  }
}
