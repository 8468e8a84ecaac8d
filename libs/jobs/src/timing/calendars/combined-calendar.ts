import { CalendarAnswerError } from '../../errors/index.js';
import { show, type Calendar, type Rule } from '../../options/index.js';
import { faultsOf, refuse } from './calendar-arguments.js';
import { StretchCalendar, stretchOf, type Stretch } from './stretch-calendar.js';

const CALENDAR: Rule = {
  expected: 'a calendar, with a function excludes()',
  accepts: (value) =>
    typeof (value as Partial<Calendar> | null | undefined)?.excludes === 'function',
};

const FUNCTION: Rule = {
  expected: 'a function of a Date',
  accepts: (value) => typeof value === 'function',
};

/** See `Calendar.anyOf()`. @internal */
export function anyOf(...calendars: readonly Calendar[]): Calendar {
  refuse('Calendar.anyOf()', memberFaults(calendars));
  return combined(calendars, true);
}

/** See `Calendar.allOf()`. @internal */
export function allOf(...calendars: readonly Calendar[]): Calendar {
  refuse('Calendar.allOf()', memberFaults(calendars));
  return combined(calendars, false);
}

/** See `Calendar.not()`. @internal */
export function not(calendar: Calendar): Calendar {
  refuse('Calendar.not()', faultsOf('calendar', calendar, CALENDAR));
  return new StretchCalendar((time) => {
    const { isExcluded, until } = stretchOf(calendar, time);
    return { isExcluded: !isExcluded, until };
  });
}

/** See `Calendar.where()`. @internal */
export function where(predicate: (date: Date) => boolean): Calendar {
  refuse('Calendar.where()', faultsOf('predicate', predicate, FUNCTION));
  return {
    excludes(time) {
      const answer: unknown = predicate(new Date(time));
      if (typeof answer === 'boolean') return answer;
      throw new CalendarAnswerError('the function of Calendar.where()', time, show(answer));
    },
  };
}

/**
 * One member that says `decisive` decides: for as long as the longest of those that say so. When
 * none does, the answer lasts until the first of them might change its own.
 */
function combined(calendars: readonly Calendar[], decisive: boolean): StretchCalendar {
  return new StretchCalendar((time): Stretch => {
    const stretches = calendars.map((calendar) => stretchOf(calendar, time));
    const deciding = stretches.filter(({ isExcluded }) => isExcluded === decisive);
    return deciding.length > 0
      ? { isExcluded: decisive, until: Math.max(...deciding.map(({ until }) => until)) }
      : { isExcluded: !decisive, until: Math.min(...stretches.map(({ until }) => until)) };
  });
}

function memberFaults(calendars: readonly unknown[]): string[] {
  if (calendars.length === 0) return ['expected one calendar or more, got none'];
  return calendars.flatMap((calendar, index) =>
    faultsOf(`calendar ${index + 1}`, calendar, CALENDAR),
  );
}
