import { describe, expect, it } from 'vitest';
import { newSchedule, redefined, replanned, tickJobId, type Schedule } from './schedule.js';

const CALL = { queue: 'q', name: 'n', data: { args: [] }, opts: {} };
const definition = (timing: Schedule['timing'], call: object = CALL) =>
  ({ id: 's', source: 'api', timing, call }) as Schedule;

describe('a recurring job under a new definition', () => {
  const every = { everyMs: 1_000, startAt: 7 };
  const stored: Schedule = {
    ...newSchedule(definition(every), 100),
    progress: { cursor: 500, runs: 4, misfires: 1, skips: 2, catchUpUntil: 400, seenUntil: 450 },
    lastJob: { queue: 'q', id: 's@500' },
  };

  it('keeps what a newer version has stored of a timing that is the same as far as this one knows', () => {
    const timing = { ...every, weather: 'dry' };
    const newer = { ...stored, timing };
    expect(redefined(newer, definition(every), 900)).toBe(newer);
    const call = { queue: 'q', name: 'S.other', data: { args: [] }, opts: {} } as never;
    expect(redefined(newer, definition(every, call), 900)).toEqual({ ...newer, call });
  });

  it('is the same object when nothing has changed', () => {
    expect(redefined(stored, definition({ ...every }), 900)).toBe(stored);
  });

  it('is in service again when it was not', () => {
    expect(redefined({ ...stored, undeclaredSince: 800 }, definition({ ...every }), 900)).toEqual(
      stored,
    );
  });

  it('keeps its ticks when only its call has changed', () => {
    const call = { ...CALL, name: 'other' };
    expect(redefined(stored, definition(every, call), 900)).toEqual({ ...stored, call });
  });

  it('starts afresh with another timing, and keeps what it counted', () => {
    const { progress, lastJob, paused } = redefined(
      { ...stored, paused: true },
      definition({ cron: '@daily' }),
      900,
    );
    expect(progress).toEqual({ cursor: 900, runs: 0, misfires: 1, skips: 2 });
    expect({ lastJob, paused }).toEqual({ lastJob: stored.lastJob, paused: true });
  });

  it.each<[string, Schedule['timing'], number]>([
    ['keeps its times when an interval keeps its length', { ...every, misfire: 'skip' }, 100],
    ['has new times with another length', { ...every, everyMs: 2_000 }, 900],
    ['has new times with another start', { ...every, startAt: 8 }, 900],
    ['has new times with an expression', { cron: '@daily', startAt: 7 }, 900],
  ])('%s', (_what, timing, definedAt) => {
    expect(redefined(stored, definition(timing), 900).definedAt).toBe(definedAt);
  });

  it('counts from its new definition when it has an expression', () => {
    const daily = newSchedule(definition({ cron: '@daily' }), 100);
    const changed = redefined(daily, definition({ cron: '@daily', misfire: 'skip' }), 900);
    expect(changed.definedAt).toBe(900);
  });
});

describe('a recurring job whose ticks were dealt with up to a moment to come', () => {
  const stored: Schedule = {
    ...newSchedule(definition({ everyMs: 1_000 }), 1_000_000),
    progress: { cursor: 900_000, runs: 4, misfires: 1, skips: 2, catchUpUntil: 4, seenUntil: 5 },
  };

  it('is planned anew, under other ids, since the clock was set back', () => {
    const anew = replanned(stored, 100_000);
    expect(anew).toMatchObject({ definedAt: 100_000, clockSteps: 1 });
    expect(anew.progress).toEqual({ cursor: 100_000, runs: 4, misfires: 1, skips: 2 });
    expect(replanned(anew, 50_000).clockSteps).toBe(2);
    expect(tickJobId('s', 100_500, anew.clockSteps)).not.toBe(tickJobId('s', 100_500));
  });

  it('is so with another timing, too', () => {
    expect(redefined(stored, definition({ cron: '@daily' }), 100_000)).toMatchObject({
      clockSteps: 1,
      progress: { cursor: 100_000 },
    });
  });

  it('is left alone when clocks differ by a little', () => {
    expect(replanned(stored, 899_000)).toBe(stored);
  });
});
