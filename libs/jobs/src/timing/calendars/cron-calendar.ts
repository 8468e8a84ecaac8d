import { CronExpression, ZoneClock, type CronDialect, type ZonePeriod } from '../cron/index.js';
import type { Calendar } from '../../options/index.js';
import { DEFAULT_ZONE, optionFaults, refuse, type CalendarOptions } from './calendar-arguments.js';
import { DAY_MS } from './local-calendar.js';
import { StretchCalendar } from './stretch-calendar.js';

/** Options of `Calendar.cron()`. @publicApi */
export interface CronCalendarOptions extends CalendarOptions {
  /** Forces the dialect of the expression. Default: told by the number of its fields. */
  readonly dialect?: CronDialect;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** An expression of so many fields speaks of minutes; one with more, of seconds. */
const FIELDS_OF_MINUTES = 5;

/** See `Calendar.cron()`. @internal */
export function cron(text: string, options: CronCalendarOptions = {}): Calendar {
  const faults = optionFaults(options, { dialect: { expected: '', accepts: () => true } });
  const expression = faults.length > 0 ? undefined : parse(text, options, faults);
  refuse('Calendar.cron()', faults);
  return calendarOf(expression!, ZoneClock.of(expression!.timeZone));
}

function parse(
  text: string,
  { timeZone = DEFAULT_ZONE, dialect }: CronCalendarOptions,
  faults: string[],
): CronExpression | undefined {
  try {
    // From 0 on: that the years of a calendar are over is no reason to refuse it one day.
    return CronExpression.parse(text, {
      timeZone,
      now: 0,
      ...(dialect !== undefined && { dialect }),
    });
  } catch (error) {
    faults.push((error as Error).message);
    return undefined;
  }
}

function calendarOf(expression: CronExpression, clock: ZoneClock): StretchCalendar {
  const fields = expression.resolved.split(' ');
  const unit = fields.length === FIELDS_OF_MINUTES ? MINUTE_MS : SECOND_MS;
  const step = evenStep(fields, unit);
  return new StretchCalendar((time) => {
    const tick = expression.next(time - unit);
    if (tick === undefined || tick > time) return { isExcluded: false, until: tick ?? Infinity };
    if (step === unit) return { isExcluded: true, until: tick + unit };
    return { isExcluded: true, until: evenUntil(time, step, clock.periodAt(time)) };
  });
}

/**
 * The longest piece of local time in which the expression is due at each unit or at none: with `* *
 * 0-7 ? * *` it is the hour, with `* * * ? * SAT` the day. It saves asking for 86,400 seconds one
 * by one.
 */
function evenStep(fields: readonly string[], unit: number): number {
  const [second, minute, hour] = unit === MINUTE_MS ? ['*', ...fields] : fields;
  if (second !== '*') return unit;
  if (minute !== '*') return MINUTE_MS;
  return hour === '*' ? DAY_MS : HOUR_MS;
}

/**
 * The end of the piece of local time that a moment is in, or of the period in which local time runs
 * evenly.
 */
function evenUntil(time: number, step: number, period: ZonePeriod): number {
  const { start, end, offset, offsetBefore } = period;
  const stepEnd = (Math.floor((time + offset) / step) + 1) * step - offset;
  // For as long as clocks were just put forward by, the times that they skipped have their ticks
  // here too.
  const skippedEnd = start + offset - offsetBefore;
  return Math.min(stepEnd, time < skippedEnd ? skippedEnd : end, end);
}
