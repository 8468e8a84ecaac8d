/**
 * Which of the two families of cron an expression belongs to. They number the weekdays differently:
 * `'unix'` 0 to 7 with Sunday 0 and 7, `'quartz'` 1 to 7 with Sunday 1.
 * @publicApi
 */
export type CronDialect = 'unix' | 'quartz';

/** What a field may hold. @internal */
export interface CronField {
  /** As messages call it. */
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** The value that `*` and `a/n` run to; `max`, unless `max` is another name for `min`. */
  readonly last: number;
  /** Words for the values from `min` on. */
  readonly words?: readonly string[];
  /** Whether a range of Quartz's may run past the end and go on at the start (`22-2`). */
  readonly wraps: boolean;
  /** The highest value that `H` picks; none means that `H` has no place here. */
  readonly hashLast?: number;
  /** What to say about a value below or above the range. */
  readonly hints?: Readonly<Record<string, string>>;
}

/** Of the calendar. @internal */
export const LAST_YEAR = 9999;

/** The weekdays' names, Sunday first. @internal */
export const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;

/** The months' names. @internal */
export const MONTHS = [
  'JAN',
  'FEB',
  'MAR',
  'APR',
  'MAY',
  'JUN',
  'JUL',
  'AUG',
  'SEP',
  'OCT',
  'NOV',
  'DEC',
] as const;

const field = (name: string, min: number, max: number): CronField => ({
  name,
  min,
  max,
  last: max,
  hashLast: max,
  wraps: true,
});

/** The seven fields, weekdays in both numberings. @internal */
export const FIELDS = {
  second: field('second', 0, 59),
  minute: field('minute', 0, 59),
  hour: { ...field('hour', 0, 23), hints: { 24: 'midnight is 0' } },
  dayOfMonth: {
    ...field('day of month', 1, 31),
    // Every month has these, so that a spread monthly job runs each month.
    hashLast: 28,
    hints: { 0: 'days start at 1' },
  },
  month: { ...field('month', 1, 12), words: MONTHS, hints: { 0: 'January is 1; write JAN' } },
  dayOfWeek: {
    unix: { ...field('day of week', 0, 7), last: 6, hashLast: 6, words: WEEKDAYS },
    quartz: {
      ...field('day of week', 1, 7),
      words: WEEKDAYS,
      hints: { 0: 'Sunday is 1 here; write SUN' },
    },
  },
  year: { name: 'year', min: 1970, max: LAST_YEAR, last: LAST_YEAR, wraps: false },
} as const satisfies Record<string, CronField | Record<CronDialect, CronField>>;
