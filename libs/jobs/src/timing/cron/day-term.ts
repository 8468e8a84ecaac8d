import { WEEKDAYS } from './cron-field.js';
import { fault, parseTerm, parseValue, type TermContext } from './field-term.js';

/** Days of a month, whatever weekday they are. @internal */
export type MonthDayRule =
  | { readonly kind: 'days'; readonly days: readonly number[] }
  /** The `daysBefore`-th day before the last one. */
  | { readonly kind: 'last'; readonly daysBefore: number }
  /**
   * So many days before the weekday (Monday to Friday) nearest to the `daysBefore`-th day before
   * the last one.
   */
  | { readonly kind: 'last-weekday'; readonly daysBefore: number; readonly weekdayOffset: number }
  /**
   * The weekday nearest to a day, or to the last one where the month is shorter, in the same month.
   */
  | { readonly kind: 'nearest-weekday'; readonly day: number };

/** `L`, `L-n`, `LW`, `L-nW`, and the latter two with an offset of their own, `-n`. */
const LAST = /^L(?:-(\w*?))?(?:(W)(?:-(.*))?)?$/;
const LARGEST_OFFSET = 30;

/** Weekdays, Sunday 0: all of a month, its n-th, or its last. @internal */
export interface WeekdayRule {
  readonly weekdays: readonly number[];
  readonly nth?: number | 'last';
}

/** A rule, and the text it was read from (see {@link Term}). @internal */
export interface DayTerm<Rule> {
  readonly rule: Rule;
  readonly text: string;
}

/** Reads an item of the day-of-month field. @internal */
export function parseMonthDay(
  text: string,
  context: TermContext,
): DayTerm<MonthDayRule> | undefined {
  const last = LAST.exec(text);
  if (last) return parseLast(text, last, context);
  if (text.endsWith('W')) {
    const day = text.slice(0, -1);
    if (!/^\d+$/.test(day)) {
      return fault(
        context,
        text,
        'one day before W',
        'write 15W for the weekday nearest to the 15th, LW for the last one',
      );
    }
    const value = parseValue(day, context);
    return value === undefined
      ? undefined
      : { rule: { kind: 'nearest-weekday', day: value }, text };
  }
  const term = parseTerm(text, context);
  return term && { rule: { kind: 'days', days: term.values }, text: term.text };
}

function parseLast(
  text: string,
  [, offset = '0', weekday, weekdayOffset = '0']: readonly (string | undefined)[],
  context: TermContext,
): DayTerm<MonthDayRule> | undefined {
  if (!isOffset(offset) || !isOffset(weekdayOffset)) {
    return fault(
      context,
      text,
      `an offset from 0 to ${LARGEST_OFFSET} behind L or LW`,
      'L-3, LW-2',
    );
  }
  const daysBefore = Number(offset);
  if (weekday === undefined) return { rule: { kind: 'last', daysBefore }, text };
  return { rule: { kind: 'last-weekday', daysBefore, weekdayOffset: Number(weekdayOffset) }, text };
}

function isOffset(text: string): boolean {
  return /^\d{1,2}$/.test(text) && Number(text) <= LARGEST_OFFSET;
}

/** Reads an item of the day-of-week field, in the numbering of the dialect. @internal */
export function parseWeekday(text: string, context: TermContext): DayTerm<WeekdayRule> | undefined {
  const isQuartz = context.dialect === 'quartz';
  if (text === 'L') {
    // The last day of the week: Saturday in Quartz; in Unix, where a week may end on Sunday,
    // nobody's guess.
    return isQuartz
      ? { rule: { weekdays: [6] }, text }
      : fault(context, text, 'a weekday before L', 'write SAT or SUN, or FRIL for the last Friday');
  }
  if (LAST.test(text) || /^\d+W$/.test(text)) {
    return fault(context, text, 'weekdays', `${text} belongs to the day of month`);
  }
  const nth = /^(.*)#(.*)$/.exec(text);
  if (nth) return parseNth(nth[1]!, nth[2]!, text, context);
  if (text.endsWith('L')) {
    const weekday = parseOneWeekday(text.slice(0, -1), text, context);
    return weekday === undefined ? undefined : { rule: { weekdays: [weekday], nth: 'last' }, text };
  }
  if (isQuartz && /^[A-Z]{3}\//.test(text)) {
    const hint =
      "Quartz takes it for every n-th week from whenever it is asked; use { every: '14 days' }";
    return fault(context, text, 'no step behind the name of one weekday', hint);
  }
  const term = parseTerm(text, context);
  return (
    term && {
      rule: { weekdays: term.values.map((day) => toWeekday(day, context)) },
      text: term.text,
    }
  );
}

function parseNth(
  day: string,
  nth: string,
  text: string,
  context: TermContext,
): DayTerm<WeekdayRule> | undefined {
  const weekday = parseOneWeekday(day, text, context);
  if (!/^[1-5]$/.test(nth)) {
    const hint = nth.toUpperCase() === 'L' ? `write ${day}L for the last one` : undefined;
    return fault(context, text, 'a number from 1 to 5 after #', hint);
  }
  return weekday === undefined
    ? undefined
    : { rule: { weekdays: [weekday], nth: Number(nth) }, text };
}

function parseOneWeekday(day: string, text: string, context: TermContext): number | undefined {
  if (/[*/?-]/.test(day)) {
    return fault(context, text, 'one weekday before # or L', 'list them: MON#1,TUE#1');
  }
  const value = parseValue(day, context);
  return value === undefined ? undefined : toWeekday(value, context);
}

/** To Sunday = 0. */
function toWeekday(value: number, { dialect }: TermContext): number {
  return dialect === 'quartz' ? value - 1 : value % WEEKDAYS.length;
}
