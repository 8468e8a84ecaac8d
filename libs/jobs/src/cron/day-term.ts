import { WEEKDAYS, type CronDialect } from './cron-field.js';
import { fault, parseTerm, parseValue, type Term, type TermContext } from './field-term.js';

/** Days of a month, whatever weekday they are. @internal */
export type MonthDayRule =
  | { readonly kind: 'days'; readonly days: readonly number[] }
  /** The `daysBefore`-th day before the last one. */
  | { readonly kind: 'last'; readonly daysBefore: number }
  /** That many days before the month's last weekday. */
  | { readonly kind: 'last-weekday'; readonly daysBefore: number }
  /** The weekday (Monday to Friday) nearest to a day, in the same month. */
  | { readonly kind: 'nearest-weekday'; readonly day: number };

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
  const last = /^(LW?)(?:-(.*))?$/.exec(text);
  if (last) {
    const offset = last[2] ?? '0';
    if (last[2] !== undefined && !/^(?:[1-9]|[12]\d|30)$/.test(offset)) {
      return fault(context, text, `${last[1]}-n with n from 1 to 30`);
    }
    const kind = last[1] === 'L' ? 'last' : 'last-weekday';
    return { rule: { kind, daysBefore: Number(offset) }, text };
  }
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

/** Reads an item of the day-of-week field, in the numbering of the dialect. @internal */
export function parseWeekday(
  text: string,
  dialect: CronDialect,
  context: TermContext,
): DayTerm<WeekdayRule> | undefined {
  if (text === 'L') {
    // The last day of the week: Saturday in Quartz; in Unix, where a week may end on Sunday, nobody's guess.
    return dialect === 'quartz'
      ? { rule: { weekdays: [6] }, text }
      : fault(context, text, 'a weekday before L', 'write SAT or SUN, or FRIL for the last Friday');
  }
  if (/^L(?:W|-\d+|W-\d+)$|^\d+W$/.test(text)) {
    return fault(context, text, 'weekdays', `${text} belongs to the day of month`);
  }
  const nth = /^(.*)#(.*)$/.exec(text);
  if (nth) return parseNth(nth[1]!, nth[2]!, text, dialect, context);
  if (text.endsWith('L')) {
    const weekday = parseOneWeekday(text.slice(0, -1), text, dialect, context);
    return weekday === undefined ? undefined : { rule: { weekdays: [weekday], nth: 'last' }, text };
  }
  const term = parseTerm(text, context);
  return term && { rule: { weekdays: weekdaysOf(term, dialect) }, text: term.text };
}

function parseNth(
  day: string,
  nth: string,
  text: string,
  dialect: CronDialect,
  context: TermContext,
): DayTerm<WeekdayRule> | undefined {
  const weekday = parseOneWeekday(day, text, dialect, context);
  if (!/^[1-5]$/.test(nth)) {
    const hint = nth.toUpperCase() === 'L' ? `write ${day}L for the last one` : undefined;
    return fault(context, text, 'a number from 1 to 5 after #', hint);
  }
  return weekday === undefined
    ? undefined
    : { rule: { weekdays: [weekday], nth: Number(nth) }, text };
}

function parseOneWeekday(
  day: string,
  text: string,
  dialect: CronDialect,
  context: TermContext,
): number | undefined {
  if (/[*/?-]/.test(day)) {
    return fault(context, text, 'one weekday before # or L', 'list them: MON#1,TUE#1');
  }
  const value = parseValue(day, context);
  return value === undefined ? undefined : toWeekday(value, dialect);
}

function weekdaysOf(term: Term, dialect: CronDialect): number[] {
  return term.values.map((value) => toWeekday(value, dialect));
}

/** To Sunday = 0. */
function toWeekday(value: number, dialect: CronDialect): number {
  return dialect === 'quartz' ? value - 1 : value % WEEKDAYS.length;
}
