import { describe, expect, it } from 'vitest';
import type { Recurrence, RecurrenceSettings } from '../../options/index.js';
import { readTiming, TIMING_DEFAULTS, type Timing, type TimingContext } from './timing.js';

const calendars = new Set(['holidays', 'night']);
const context: TimingContext = { id: 'report', where: 'report', calendars, dialect: undefined };

function read(recurrence: unknown, settings: unknown = {}, dialect?: TimingContext['dialect']) {
  return readTiming(recurrence as Recurrence, settings as RecurrenceSettings, {
    ...context,
    dialect,
  });
}

describe('a recurrence is stored', () => {
  it.each<[what: string, recurrence: Recurrence, settings: RecurrenceSettings, timing: Timing]>([
    ['a cron expression', '0 9 * * *', {}, { cron: '0 9 * * *', dialect: 'unix' }],
    ['an interval', { every: '1h 30m' }, {}, { everyMs: 5_400_000 }],
    [
      'what is not the default',
      '@daily',
      {
        timeZone: 'Europe/Berlin',
        dialect: 'unix',
        misfire: 'fire-all',
        misfireThreshold: '5s',
        misfireLimit: 10,
        overlap: 'queue',
        calendars: ['night'],
        startAt: new Date(1_000),
        endAt: new Date(5e12),
        limit: 7,
        jitter: '2s',
        enabled: false,
      },
      {
        cron: '@daily',
        timeZone: 'Europe/Berlin',
        dialect: 'unix',
        misfire: 'fire-all',
        misfireThresholdMs: 5_000,
        misfireLimit: 10,
        overlap: 'queue',
        calendars: ['night'],
        startAt: 1_000,
        endAt: 5e12,
        limit: 7,
        jitterMs: 2_000,
        enabled: false,
      },
    ],
    [
      'a default that is written out as one that is left out: it is no other timing, and starts nothing afresh',
      '@daily',
      {
        timeZone: 'UTC',
        misfire: TIMING_DEFAULTS.misfire,
        misfireThreshold: TIMING_DEFAULTS.misfireThresholdMs,
        misfireLimit: TIMING_DEFAULTS.misfireLimit,
        overlap: TIMING_DEFAULTS.overlap,
        calendars: [],
        jitter: 0,
        enabled: true,
      },
      { cron: '@daily', dialect: 'unix' },
    ],
    [
      'an interval without what is for cron expressions alone',
      { every: 100 },
      { timeZone: 'Asia/Tokyo', dialect: 'quartz' },
      { everyMs: 100 },
    ],
    ['one second in two ways', { every: '1s' }, {}, { everyMs: 1_000 }],
  ])('%s', (_what, recurrence, settings, timing) => {
    const stored = read(recurrence, settings);
    expect(stored).toEqual({ timing });
    // As JSON has it: what is read back is the same, also in the order of its properties.
    expect(JSON.stringify(JSON.parse(JSON.stringify(stored)))).toBe(JSON.stringify(stored));
  });

  it('in one order, whatever that of the settings', () => {
    const one = read('@daily', { limit: 1, overlap: 'queue', misfire: 'skip' });
    const other = read('@daily', { misfire: 'skip', limit: 1, overlap: 'queue' });
    expect(JSON.stringify(one)).toBe(JSON.stringify(other));
  });
});

describe('the dialect of a cron expression is stored with it', () => {
  it.each<
    [
      text: string,
      own: 'unix' | 'quartz' | undefined,
      ofSix: 'unix' | 'quartz' | undefined,
      stored: string,
    ]
  >([
    ['0 9 * * 1-5', undefined, undefined, 'unix'],
    ['0 9 * * 1-5', undefined, 'quartz', 'unix'],
    ['@daily', undefined, 'quartz', 'unix'],
    ['0 0 9 * * MON-FRI', undefined, undefined, 'quartz'],
    ['0 0 9 * * MON-FRI', undefined, 'unix', 'unix'],
    ['0 0 9 * * 1-5', undefined, 'unix', 'unix'],
    ['0 0 9 * * 1-5', undefined, 'quartz', 'quartz'],
    ['0 0 9 * * 1-5', 'quartz', 'unix', 'quartz'],
    ['0 0 9 * * 1-5', 'unix', 'quartz', 'unix'],
    ['0 0 9 * * 2-6 *', undefined, undefined, 'quartz'],
  ])('%s with %s, where the default is %s', (cron, own, ofSix, stored) => {
    const settings = own === undefined ? {} : { dialect: own };
    expect(read(cron, settings, ofSix)).toEqual({ timing: { cron, dialect: stored } });
  });
});

describe('a recurrence is refused', () => {
  it.each<[what: string, recurrence: unknown, settings: unknown, problems: readonly string[]]>([
    [
      'a field out of its range',
      '61 * * * *',
      {},
      ['report: Invalid cron expression "61 * * * *"'],
    ],
    [
      'six fields with weekdays by number',
      '0 0 9 * * 1-5',
      {},
      ['SUN-THU to Quartz, MON-FRI to Unix, @nestjs/schedule and Spring'],
    ],
    ['a time that is over', '0 0 0 1 1 ? 2020', {}, ['it would never run again']],
    ['a zone that there is not', '@daily', { timeZone: 'Mars' }, ['got "Mars"']],
    ['an empty zone', '@daily', { timeZone: '' }, ['such as \'Europe/Berlin\', got ""']],
    ['no time', { every: 0 }, {}, ['report: expected a cron expression or { every:']],
    ['a time in other words', { every: 'often' }, {}, ['got "often"']],
    ['nothing', undefined, {}, ['got undefined']],
    ['null', null, {}, ['got null']],
    ['a number', 5, {}, ['got 5']],
    ['no settings', '@daily', null, ['report: expected an options object, got null']],
    [
      'settings of another kind, all at once',
      '@daily',
      {
        misfire: 'fire',
        overlap: true,
        misfireThreshold: 0,
        misfireLimit: 0,
        calendars: 'night',
        startAt: '2026-01-01',
        endAt: new Date(Number.NaN),
        limit: 1.5,
        jitter: -1,
        enabled: 'no',
        dialect: 'linux',
        timezone: 'UTC',
      },
      [
        "\"misfire\" expected 'fire-once' or 'skip' or 'fire-all', got \"fire\"",
        "\"overlap\" expected 'skip' or 'queue' or 'allow', got true",
        '"misfireThreshold" expected',
        '"misfireLimit" expected',
        '"calendars" expected a list of names of calendars, got "night"',
        '"startAt" expected',
        '"endAt" expected',
        '"limit" expected',
        '"jitter" expected',
        '"enabled" expected',
        '"dialect" expected \'unix\' or \'quartz\', got "linux"',
        'unknown option "timezone"; did you mean "timeZone"?',
      ],
    ],
    [
      'calendars that there are not, beside a wrong expression',
      '* * *',
      { calendars: ['night', 'day', 'moon'] },
      [
        'Invalid cron expression "* * *"',
        'report: "calendars" names "day", which forRoot({ calendars }) has not',
        'report: "calendars" names "moon", which forRoot({ calendars }) has not',
      ],
    ],
    [
      'an end before the start',
      '@daily',
      { startAt: new Date(2_000), endAt: new Date(1_000) },
      ['report: expected "endAt" not before "startAt", got 1970-01-01T00:00:01.000Z'],
    ],
  ])('%s', (_what, recurrence, settings, problems) => {
    const answer = read(recurrence, settings);
    expect(answer).toEqual({
      problems: problems.map((text) => expect.stringContaining(text) as string),
    });
  });

  it('but may end when it starts', () => {
    const moment = new Date(1_000);
    expect(read({ every: 5 }, { startAt: moment, endAt: moment })).toHaveProperty('timing');
  });
});
