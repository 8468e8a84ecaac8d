import { InvalidCronError, type CronFault } from '../../errors/index.js';
import { show } from '../../options/index.js';
import { FIELDS, MONTHS, type CronDialect, type CronField } from './cron-field.js';
import { parseMonthDay, parseWeekday, type DayTerm } from './day-term.js';
import { fault, parseTerm, type TermContext } from './field-term.js';
import { layOut, toUpperCase, type FieldTexts } from './field-layout.js';
import { MonthDays } from './month-days.js';
import { refuseDoubt } from './weekday-doubt.js';
import { daysInMonth, type CronFields } from './wall-clock.js';

/** What was read. @internal */
export interface ParsedCron {
  readonly dialect: CronDialect;
  readonly fields: CronFields;
  /** The fields as text, macros written out and each `H` replaced by what it became. */
  readonly resolved: string;
}

/** @internal */
export interface ParseSettings {
  /** Undefined: by the number of fields. */
  readonly dialect: CronDialect | undefined;
  /** What `H` is derived from. */
  readonly id: string | undefined;
  /** No year before this one's is accepted as the last one. */
  readonly currentYear: number;
}

/**
 * Reads an expression.
 * @throws InvalidCronError with all faults of all fields
 * @internal
 */
export function parseExpression(text: string, settings: ParseSettings): ParsedCron {
  if (typeof text !== 'string') {
    const got = show(text);
    throw new InvalidCronError(got, [{ field: 'expression', got, reason: 'a string' }]);
  }
  const faults: CronFault[] = [];
  const layout = layOut(text, settings.dialect, faults);
  if (layout === undefined) throw new InvalidCronError(text, faults);
  const { dialect } = layout;
  const texts = settings.dialect === undefined ? refuseDoubt(layout, faults) : layout.texts;
  const parser = new FieldsParser(settings, dialect, faults);
  const seconds = parser.numbers(FIELDS.second, texts.second);
  const minutes = parser.numbers(FIELDS.minute, texts.minute);
  const hours = parser.numbers(FIELDS.hour, texts.hour);
  const monthDays = parser.days(FIELDS.dayOfMonth, texts.dayOfMonth, parseMonthDay);
  const months = parser.numbers(FIELDS.month, texts.month);
  const weekdays = parser.days(FIELDS.dayOfWeek[dialect], texts.dayOfWeek, parseWeekday);
  const years = parser.years(texts.year);
  const fields: CronFields = {
    seconds: seconds.values,
    minutes: minutes.values,
    hours: hours.values,
    days: { monthDays: monthDays.rules, weekdays: weekdays.rules },
    months: months.values,
    years: years?.values,
    interval: seconds.interval || minutes.interval || hours.interval,
  };
  // Of days that could not be read nothing more can be said.
  const daysAreRead = ![monthDays, weekdays, months, years].some((field) => field?.failed);
  if (daysAreRead) faults.push(...checkDays(fields, texts));
  if (faults.length > 0) {
    const told = faults.map((found) => asWritten(found, text));
    throw new InvalidCronError(text, told);
  }
  const all = [seconds, minutes, hours, monthDays, months, weekdays, years];
  // The second that was left out stays out, so that five fields stay five.
  const written = texts.hasSeconds ? all : all.slice(1);
  return {
    dialect,
    fields,
    resolved: written.flatMap((field) => field?.text ?? []).join(' '),
  };
}

interface ReadNumbers {
  readonly values: readonly number[];
  readonly interval: boolean;
  readonly text: string;
  readonly failed: boolean;
}

interface ReadYears {
  /** Undefined: every year. */
  readonly values: readonly number[] | undefined;
  readonly text: string;
  readonly failed: boolean;
}

interface ReadDays<Rule> {
  readonly rules: readonly Rule[] | undefined;
  readonly text: string;
  readonly failed: boolean;
}

/** Reads the list in each field; what is common to all of them is said once, here. */
class FieldsParser {
  constructor(
    private readonly settings: ParseSettings,
    private readonly dialect: CronDialect,
    private readonly faults: CronFault[],
  ) {}

  numbers(field: CronField, text: string): ReadNumbers {
    const terms = this.list(field, text, parseTerm);
    const values = new Set(terms.flatMap((term) => term?.values ?? []));
    return {
      values: [...values].toSorted((a, b) => a - b),
      interval: terms.some((term) => term?.interval === true),
      text: terms.map((term) => term?.text).join(','),
      failed: terms.includes(undefined),
    };
  }

  days<Rule>(
    field: CronField,
    text: string,
    parse: (item: string, context: TermContext) => DayTerm<Rule> | undefined,
  ): ReadDays<Rule> {
    if (text === '*' || text === '?') return { rules: undefined, text, failed: false };
    const terms = this.list(field, text, parse);
    return {
      rules: terms.flatMap((term) => term?.rule ?? []),
      text: terms.map((term) => term?.text).join(','),
      failed: terms.includes(undefined),
    };
  }

  years(text: string | undefined): ReadYears | undefined {
    if (text === undefined) return undefined;
    if (text === '*') return { values: undefined, text, failed: false };
    const years = this.numbers(FIELDS.year, text);
    const { currentYear } = this.settings;
    if (years.failed || (years.values.at(-1) ?? currentYear) >= currentYear) return years;
    this.faults.push({
      field: FIELDS.year.name,
      got: text,
      reason: `a year from ${currentYear} on`,
      hint: 'it would never run again',
    });
    return { ...years, failed: true };
  }

  private list<T>(
    field: CronField,
    text: string,
    parse: (item: string, context: TermContext) => T | undefined,
  ): (T | undefined)[] {
    const { dialect, faults } = this;
    const context: TermContext = { field, dialect, id: this.settings.id, faults };
    const items = text.split(',');
    return items.map((item) => {
      if (item === '') {
        return fault(
          context,
          text,
          'a value on each side of a comma',
          'lists hold no blanks: MON,WED',
        );
      }
      if (items.length > 1 && standsAlone(item, field)) {
        return fault(
          context,
          text,
          `${item} alone`,
          `${item} in a list leaves open what the rest is for`,
        );
      }
      return parse(item, context);
    });
  }
}

/** `L` is a weekday by itself alone: in a list, it may have been meant for the days before it. */
function standsAlone(item: string, field: CronField): boolean {
  return (
    item === '*' || item === '?' || (item === 'L' && field.name === FIELDS.dayOfWeek.unix.name)
  );
}

/** What was read in upper case is reported as the author wrote it. */
function asWritten(found: CronFault, text: string): CronFault {
  const at = toUpperCase(text).indexOf(found.got);
  return at < 0 ? found : { ...found, got: text.slice(at, at + found.got.length) };
}

/** What is wrong with day fields that are right by themselves. */
function checkDays(fields: CronFields, texts: FieldTexts): CronFault[] {
  if (texts.dayOfMonth === '?' && texts.dayOfWeek === '?') {
    const reason = '? in one day field';
    return [{ field: 'expression', got: '?', reason, hint: 'write * in the other' }];
  }
  return occurs(fields) ? [] : [describeNeverOccurring(fields, texts)];
}

/** Whether any date of the calendar fits; times always do. */
function occurs({ days, months, years }: CronFields): boolean {
  const monthDays = new MonthDays(days);
  // The calendar repeats itself, weekdays included, after 400 years.
  const candidates = years ?? Array.from({ length: 400 }, (_, i) => 2000 + i);
  return candidates.some((year) =>
    months.some((month) => {
      const first = new Date(Date.UTC(year, month - 1, 1)).getUTCDay();
      return monthDays.maskOf(daysInMonth(year, month), first) !== 0;
    }),
  );
}

function describeNeverOccurring({ months, days, years }: CronFields, texts: FieldTexts): CronFault {
  const lengths = (years ?? [2000]).flatMap((year) =>
    months.map((month) => daysInMonth(year, month)),
  );
  const names = months.map((month) => MONTHS[month - 1]).join(', ');
  const when = years === undefined ? names : `${names} of the years given`;
  return {
    field: days.monthDays ? FIELDS.dayOfMonth.name : FIELDS.dayOfWeek.unix.name,
    got: days.monthDays ? texts.dayOfMonth : texts.dayOfWeek,
    reason: `a day that ${when} has (${Math.max(...lengths)} days at most)`,
    hint: 'it would never run; L is the last day of a month',
  };
}
