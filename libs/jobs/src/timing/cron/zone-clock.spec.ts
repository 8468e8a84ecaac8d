import { describe, expect, it } from 'vitest';
import { ZoneClock } from './zone-clock.js';

const HOUR = 3_600_000;

describe('the clock of a zone', () => {
  it.each([
    ['Europe/Berlin', '2026-03-29T01:00:00Z', 1, 2],
    ['Europe/Berlin', '2026-10-25T01:00:00Z', 2, 1],
    ['Australia/Lord_Howe', '2026-10-03T15:30:00Z', 10.5, 11],
    ['Pacific/Apia', '2011-12-30T10:00:00Z', -10, 14],
    ['Pacific/Kiritimati', '1994-12-31T10:00:00Z', -10, 14],
    // Until 1972 Liberia was 44 minutes and 30 seconds behind UTC.
    ['Africa/Monrovia', '1972-01-07T00:44:30Z', -(44 * 60 + 30) / 3_600, 0],
    // The shortest stretch between two moves: a week.
    ['America/Noronha', '2000-10-08T02:00:00Z', -2, -1],
    ['America/Noronha', '2000-10-15T01:00:00Z', -1, -2],
  ])('%s moves at %s', (zone, at, before, after) => {
    const clock = ZoneClock.of(zone);
    const instant = Date.parse(at);
    const [old, current] = [clock.periodAt(instant - 1_000), clock.periodAt(instant)];
    expect(old.end).toBe(instant);
    expect(old.offset).toBe(before * HOUR);
    expect(current).toMatchObject({
      start: instant,
      offset: after * HOUR,
      offsetBefore: before * HOUR,
    });
  });

  it('agrees with Intl at every hour of two years', () => {
    for (const zone of ['America/New_York', 'Africa/Casablanca', 'Asia/Kathmandu']) {
      const clock = ZoneClock.of(zone);
      const format = new Intl.DateTimeFormat('sv', {
        timeZone: zone,
        dateStyle: 'short',
        timeStyle: 'medium',
      });
      const wrong = [];
      for (let t = Date.UTC(2025, 0, 1); t < Date.UTC(2027, 0, 1); t += HOUR) {
        const wall = new Date(t + clock.periodAt(t).offset).toISOString();
        if (format.format(t) !== wall.slice(0, 19).replace('T', ' ')) wrong.push(wall);
      }
      expect(wrong, `in ${zone}`).toEqual([]);
    }
  });

  it('has periods that follow one another', () => {
    const clock = ZoneClock.of('Europe/Berlin');
    let instant = Date.UTC(1970, 0, 1);
    while (instant < Date.UTC(2050, 0, 1)) {
      const period = clock.periodAt(instant);
      expect(period.start).toBeLessThanOrEqual(instant);
      expect(period.end).toBeGreaterThan(instant);
      instant = period.end;
    }
  });

  it('is one for all spellings, and one period for UTC', () => {
    expect(ZoneClock.of('europe/berlin')).toBe(ZoneClock.of('Europe/Berlin'));
    expect(ZoneClock.of('UTC').periodAt(0)).toEqual({
      start: -Infinity,
      end: Infinity,
      offset: 0,
      offsetBefore: 0,
    });
  });
});
