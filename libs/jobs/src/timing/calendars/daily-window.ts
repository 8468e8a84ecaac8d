import { rules, type Calendar, type Rule } from '../../options/index.js';
import {
  DEFAULT_ZONE,
  faultsOf,
  optionFaults,
  refuse,
  type CalendarOptions,
} from './calendar-arguments.js';
import { DAY_MS, localCalendar } from './local-calendar.js';

/** Options of `Calendar.dailyWindow()`. @publicApi */
export interface DailyWindowOptions extends CalendarOptions {
  /** True: all outside the window is excluded instead. Default false. */
  readonly invert?: boolean;
}

const TIME = /^(?:([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?|24:00(?::00)?)$/;

const TIME_OF_DAY: Rule = {
  expected: "a time of day from '00:00' to '24:00', as 'HH:mm' or 'HH:mm:ss'",
  accepts: (value) => typeof value === 'string' && TIME.test(value),
};

/** See `Calendar.dailyWindow()`. @internal */
export function dailyWindow(from: string, to: string, options: DailyWindowOptions = {}): Calendar {
  const faults = [
    ...faultsOf('from', from, TIME_OF_DAY),
    ...faultsOf('to', to, TIME_OF_DAY),
    ...optionFaults(options, { invert: rules.boolean }),
  ];
  const [start, end] = faults.length > 0 ? [0, 0] : [timeOf(from), timeOf(to)];
  if (faults.length === 0 && start === end) {
    faults.push(`expected a part of the day, got '${from}' to '${to}', which is none or all of it`);
  }
  refuse('Calendar.dailyWindow()', faults);

  const { timeZone = DEFAULT_ZONE, invert = false } = options;
  return localCalendar(timeZone, (wall) => {
    const time = wall - Math.floor(wall / DAY_MS) * DAY_MS;
    const isInside = start < end ? time >= start && time < end : time >= start || time < end;
    const until = wall + Math.min(untilNext(start, time), untilNext(end, time));
    return { isExcluded: isInside !== invert, until };
  });
}

/** How long it is from one time of day to the next time that it is another, in ms. */
function untilNext(wanted: number, time: number): number {
  return wanted > time ? wanted - time : wanted + DAY_MS - time;
}

/** In ms since midnight; the end of the day is the beginning of the next one. */
function timeOf(text: string): number {
  const [, hours = 0, minutes = 0, seconds = 0] = TIME.exec(text) ?? [];
  return (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
}
