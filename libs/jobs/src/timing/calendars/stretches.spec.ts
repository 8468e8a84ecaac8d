import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Calendar } from './calendar-functions.js';

const MINUTE = 60_000;
const DAY = 86_400_000;

const timeZone = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/Santiago',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Casablanca',
);

const time = fc
  .tuple(fc.nat(23), fc.constantFrom('00', '15', '31'))
  .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${minute}`);

const days = fc.subarray(['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const, {
  minLength: 1,
  maxLength: 6,
});

const monthDays = fc
  .integer({ min: 1, max: 31 })
  .map((day): (number | 'last')[] => [day, 'last', 30]);

const YEAR_DAYS = ['09-06', '10-25', '12-31', '03-29'];

const zoneAndInvert = fc.record({ timeZone, invert: fc.boolean() });

/** Than 23:00. */
const earlier = time.map((end) => end.replace(/^23/, '22'));

const expression = fc.constantFrom(
  '* * 0-7,20-23 ? * *',
  '* 10-20 * * *',
  '* * * ? * SAT',
  '30 2 * * *',
  '0 0 * * * ?',
);

/** A calendar, and the call that makes it, for a failure to show. */
interface Sample {
  readonly code: string;
  readonly calendar: Calendar;
}

type Functions = Omit<typeof Calendar, 'where'>;
type Make = (...given: unknown[]) => Calendar;

function call<Name extends keyof Functions>(
  name: Name,
  args: fc.Arbitrary<Parameters<Functions[Name]>>,
): fc.Arbitrary<Sample> {
  const make = Calendar[name] as Make;
  return args.map((given) => ({
    code: `Calendar.${name}(${given.map((one) => JSON.stringify(one)).join(', ')})`,
    calendar: make(...given),
  }));
}

const simple = fc.oneof(
  call('weekdays', fc.tuple(days, fc.record({ timeZone }))),
  call('monthly', fc.tuple(monthDays, fc.record({ timeZone }))),
  call('annual', fc.tuple(fc.constant(YEAR_DAYS), fc.record({ timeZone }))),
  call('dailyWindow', fc.tuple(time, fc.constant('00:07'), zoneAndInvert)),
  call('dailyWindow', fc.tuple(fc.constant('23:30'), earlier, fc.record({ timeZone }))),
  call('cron', fc.tuple(expression, fc.record({ timeZone }))),
);

const { sample } = fc.letrec<{ sample: Sample }>((tie) => {
  const combined = (name: 'anyOf' | 'allOf' | 'not', ...inner: fc.Arbitrary<Sample>[]) =>
    fc.tuple(...inner).map((samples) => ({
      code: `Calendar.${name}(${samples.map(({ code }) => code).join(', ')})`,
      calendar: (Calendar[name] as Make)(...samples.map(({ calendar }) => calendar)),
    }));
  return {
    sample: fc.oneof(
      { maxDepth: 2 },
      { weight: 6, arbitrary: simple },
      { weight: 1, arbitrary: combined('anyOf', tie('sample'), tie('sample')) },
      { weight: 1, arbitrary: combined('allOf', tie('sample'), tie('sample')) },
      { weight: 1, arbitrary: combined('not', tie('sample')) },
    ),
  };
});

/** Around moves of clocks, where mistakes would be. */
const moment = fc
  .tuple(
    fc.constantFrom(
      '2011-12-30',
      '2026-03-29',
      '2026-04-05',
      '2026-09-06',
      '2026-10-25',
      '2010-11-07',
    ),
    fc.integer({ min: -2_880, max: 2_880 }),
  )
  .map(([date, minutes]) => Date.parse(date) + minutes * MINUTE);

it('every calendar excludes all that its shortcut passes over, and ends where it ends', () => {
  let longest = 0;
  const property = fc.property(sample, moment, ({ calendar }, from) => {
    const until = calendar.excludedUntil!(from);
    expect(until !== undefined).toBe(calendar.excludes(from));
    if (until === undefined) return;
    longest = Math.max(longest, until - from);
    const end = Math.min(until, from + 10 * DAY);
    for (let at = from; at < end; at += 5 * MINUTE) {
      if (!calendar.excludes(at)) expect.unreachable(`does not exclude ${at}, before ${until}`);
    }
    expect(calendar.excludes(end - 1)).toBe(true);
  });
  fc.assert(property, { seed: 20_261_126, numRuns: 400 });
  expect(longest).toBeGreaterThan(DAY);
});
