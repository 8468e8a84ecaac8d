import { describe, expect, it } from 'vitest';
import { CronExpression } from './cron-expression.js';

/** `count` ticks from an instant on, as wall time with the distance from UTC: `03-29 03:30+2`. */
function ticks(text: string, timeZone: string, from: string, count: number): string[] {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'shortOffset',
  });
  const expression = CronExpression.parse(text, { timeZone, now: 0 });
  return expression.take(Date.parse(from) - 1, count).map((tick) => {
    const parts = new Map(format.formatToParts(tick).map(({ type, value }) => [type, value]));
    const offset = parts.get('timeZoneName')!.replace('GMT', '');
    return `${parts.get('month')}-${parts.get('day')} ${parts.get('hour')}:${parts.get('minute')}${offset}`;
  });
}

type Case = readonly [text: string, zone: string, from: string, expected: readonly string[]];

describe('when clocks are put forward, a fixed time that they skip runs once, later by as much', () => {
  it.each<Case>([
    [
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-28T00:00Z',
      ['03-28 02:30+1', '03-29 03:30+2', '03-30 02:30+2'],
    ],
    [
      '0 2 * * *',
      'Europe/Berlin',
      '2026-03-28T00:00Z',
      ['03-28 02:00+1', '03-29 03:00+2', '03-30 02:00+2'],
    ],
    ['0 30 2 ? * SUN', 'America/New_York', '2026-03-05T00:00Z', ['03-08 03:30-4', '03-15 02:30-4']],
    ['0 0 * * *', 'America/Santiago', '2026-09-05T12:00Z', ['09-06 01:00-3', '09-07 00:00-3']],
    ['30 0 6 9 *', 'America/Santiago', '2026-01-01T00:00Z', ['09-06 01:30-3', '09-06 00:30-3']],
    [
      '15 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-02T20:00Z',
      ['10-04 02:45+11', '10-05 02:15+11'],
    ],
    // The day of 30 December 2011 was skipped whole.
    ['0 9 30 12 *', 'Pacific/Apia', '2011-01-01T00:00Z', ['12-31 09:00+14', '12-30 09:00+14']],
    ['0 9 * * FRI', 'Pacific/Apia', '2011-12-28T00:00Z', ['12-31 09:00+14', '01-06 09:00+14']],
    // As was 31 December 1994, or 1 January 1995, at the end of a year.
    [
      '0 9 31 12 *',
      'Pacific/Kiritimati',
      '1994-12-01T00:00Z',
      ['01-01 09:00+14', '12-31 09:00+14'],
    ],
    // A move at the very instant at which one block of what is kept about a zone ends and the next
    // starts.
    [
      '30 2 * * *',
      'Asia/Jerusalem',
      '2023-03-22T12:00Z',
      ['03-23 02:30+2', '03-24 03:30+3', '03-25 02:30+3'],
    ],
    // Kwajalein skipped 21 August 1993.
    ['0 9 21 8 *', 'Pacific/Kwajalein', '1993-01-01T00:00Z', ['08-22 09:00+12', '08-21 09:00+12']],
    // India has no moves at all.
    ['30 2 * * *', 'Asia/Kolkata', '2026-03-28T20:00Z', ['03-29 02:30+5:30', '03-30 02:30+5:30']],
  ])('%s in %s from %s', (text, zone, from, expected) => {
    expect(ticks(text, zone, from, expected.length)).toEqual(expected);
  });
});

describe('when clocks are put forward, no instant has two ticks', () => {
  it.each<Case>([
    [
      '*/30 * * * *',
      'Europe/Berlin',
      '2026-03-29T00:30Z',
      ['03-29 01:30+1', '03-29 03:00+2', '03-29 03:30+2', '03-29 04:00+2'],
    ],
    [
      '30 * * * *',
      'Europe/Berlin',
      '2026-03-29T00:30Z',
      ['03-29 01:30+1', '03-29 03:30+2', '03-29 04:30+2'],
    ],
    [
      '30 2,3 * * *',
      'Europe/Berlin',
      '2026-03-29T00:00Z',
      ['03-29 03:30+2', '03-30 02:30+2', '03-30 03:30+2'],
    ],
    [
      '*/15 * * * *',
      'Australia/Lord_Howe',
      '2026-10-03T15:15Z',
      ['10-04 01:45+10:30', '10-04 02:30+11', '10-04 02:45+11', '10-04 03:00+11'],
    ],
    [
      '0 9 * * *',
      'Pacific/Apia',
      '2011-12-29T00:00Z',
      ['12-29 09:00-10', '12-31 09:00+14', '01-01 09:00+14'],
    ],
  ])('%s in %s from %s', (text, zone, from, expected) => {
    expect(ticks(text, zone, from, expected.length)).toEqual(expected);
  });
});

describe('when clocks are put forward, no tick of an interval is lost', () => {
  it.each<Case>([
    [
      '*/20 2 * * *',
      'Europe/Berlin',
      '2026-03-29T00:00Z',
      ['03-29 03:00+2', '03-29 03:20+2', '03-29 03:40+2', '03-30 02:00+2'],
    ],
    [
      '0 */2 * * *',
      'Europe/Berlin',
      '2026-03-28T23:00Z',
      ['03-29 00:00+1', '03-29 03:00+2', '03-29 04:00+2'],
    ],
    // The old clock's 02:10 runs between the new clock's 02:30 and 02:50.
    [
      '10-59/20 * * * *',
      'Australia/Lord_Howe',
      '2026-10-03T15:20Z',
      ['10-04 01:50+10:30', '10-04 02:30+11', '10-04 02:40+11', '10-04 02:50+11', '10-04 03:10+11'],
    ],
  ])('%s in %s from %s', (text, zone, from, expected) => {
    expect(ticks(text, zone, from, expected.length)).toEqual(expected);
  });
});

describe('when clocks are put back, a fixed time runs at its first occurrence alone', () => {
  it.each<Case>([
    ['30 2 * * *', 'Europe/Berlin', '2026-10-24T20:00Z', ['10-25 02:30+2', '10-26 02:30+1']],
    ['0 30 1 ? * *', 'America/New_York', '2026-10-31T12:00Z', ['11-01 01:30-4', '11-02 01:30-5']],
    [
      '0,30 2,3 * * *',
      'Europe/Berlin',
      '2026-10-24T20:00Z',
      ['10-25 02:00+2', '10-25 02:30+2', '10-25 03:00+1', '10-25 03:30+1', '10-26 02:00+1'],
    ],
    ['30 23 * * *', 'America/Santiago', '2026-04-04T12:00Z', ['04-04 23:30-3', '04-05 23:30-4']],
    [
      '45 1 * * *',
      'Australia/Lord_Howe',
      '2026-04-04T00:00Z',
      ['04-05 01:45+11', '04-06 01:45+10:30'],
    ],
    // From within the first pass, and from within the second.
    ['30 2 * * *', 'Europe/Berlin', '2026-10-25T00:45Z', ['10-26 02:30+1']],
    ['30 2 * * *', 'Europe/Berlin', '2026-10-25T01:15Z', ['10-26 02:30+1']],
  ])('%s in %s from %s', (text, zone, from, expected) => {
    expect(ticks(text, zone, from, expected.length)).toEqual(expected);
  });
});

describe('when clocks are put back, an interval goes on in real time', () => {
  it.each<Case>([
    [
      '*/30 * * * *',
      'Europe/Berlin',
      '2026-10-25T00:00Z',
      ['10-25 02:00+2', '10-25 02:30+2', '10-25 02:00+1', '10-25 02:30+1', '10-25 03:00+1'],
    ],
    [
      '0 * * * *',
      'Europe/Berlin',
      '2026-10-25T00:00Z',
      ['10-25 02:00+2', '10-25 02:00+1', '10-25 03:00+1'],
    ],
    [
      '30 1-2 * * *',
      'Europe/Berlin',
      '2026-10-24T23:00Z',
      ['10-25 01:30+2', '10-25 02:30+2', '10-25 02:30+1', '10-26 01:30+1'],
    ],
    [
      '*/30 2 * * *',
      'Europe/Berlin',
      '2026-10-25T00:00Z',
      ['10-25 02:00+2', '10-25 02:30+2', '10-25 02:00+1', '10-25 02:30+1', '10-26 02:00+1'],
    ],
    [
      '*/15 * * * *',
      'Australia/Lord_Howe',
      '2026-04-04T14:30Z',
      [
        '04-05 01:30+11',
        '04-05 01:45+11',
        '04-05 01:30+10:30',
        '04-05 01:45+10:30',
        '04-05 02:00+10:30',
      ],
    ],
    ['0 */6 * * *', 'America/Santiago', '2026-04-05T00:00Z', ['04-05 00:00-4', '04-05 06:00-4']],
  ])('%s in %s from %s', (text, zone, from, expected) => {
    expect(ticks(text, zone, from, expected.length)).toEqual(expected);
  });

  it('keeps 15 minutes as 15 minutes all year, everywhere', () => {
    const zones = [
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kolkata',
      'America/Santiago',
      'Australia/Lord_Howe',
    ];
    for (const timeZone of zones) {
      const found = CronExpression.parse('*/15 * * * *', { timeZone }).take(
        Date.UTC(2026, 0, 1),
        35_040,
      );
      const gaps = new Set(found.slice(1).map((tick, i) => tick - found[i]!));
      expect([...gaps], `in ${timeZone}`).toEqual([15 * 60_000]);
    }
  });

  it('does not take H(a-b) for an interval: it is one fixed time', () => {
    const expression = CronExpression.parse('H(30-31) H(2-2) * * *', {
      id: 'x',
      timeZone: 'Europe/Berlin',
    });
    const found = expression.take(Date.parse('2026-10-24T20:00Z'), 2);
    expect(found[1]! - found[0]!).toBe(25 * 3_600_000);
  });
});

describe('whole days run through moves', () => {
  it.each([
    'Europe/Berlin',
    'America/New_York',
    'America/Santiago',
    'Australia/Lord_Howe',
    'Asia/Gaza',
  ])('a daily job runs once each day in %s', (timeZone) => {
    const day = new Intl.DateTimeFormat('en-CA', { timeZone });
    for (const text of ['0 0 * * *', '30 0 * * *', '15 1 * * *', '30 2 * * *', '45 23 * * *']) {
      const found = CronExpression.parse(text, { timeZone }).take(Date.UTC(2026, 0, 1, 12), 1_000);
      const days = found.map((tick) => day.format(tick));
      expect(new Set(days).size, `${text} in ${timeZone}`).toBe(1_000);
    }
  });
});
