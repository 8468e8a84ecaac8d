import { Injectable } from '@nestjs/common';
import { Calendar, Recurring } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

const DAY = 86_400_000;
/** What is searched in vain took 20 s of computing at once, and more. */
const HELD_UP_MS = 1_000;

/**
 * How long this thread computes at the most without giving others their turn, whatever else the
 * machine does.
 */
function longestTurn(): { end: () => number } {
  let [longest, last] = [0, process.threadCpuUsage()];
  const beat = () => {
    const { user, system } = process.threadCpuUsage(last);
    longest = Math.max(longest, (user + system) / 1_000);
    last = process.threadCpuUsage();
  };
  const timer = setInterval(beat, 10);
  return { end: () => (beat(), clearInterval(timer), longest) };
}

const mondays = Calendar.weekdays(['MON'], { timeZone: 'Europe/Berlin' });
/** 259,200 ticks of each second from now on. */
const begins = Math.ceil(Date.now() / 1_000) * 1_000 + 3 * DAY;

const calendars = {
  all: Calendar.where(() => true),
  'in-turns': Calendar.anyOf(mondays, Calendar.not(mondays)),
  'three-days': Calendar.where((date) => date.getTime() < begins),
};

@Injectable()
class Reports {
  @Recurring('* * * * * *', { id: 'never', calendars: ['all'] })
  @Recurring('0 0 1 1 *', { id: 'never-yearly', calendars: ['in-turns'] })
  @Recurring('* * * * * *', { id: 'later', calendars: ['three-days'] })
  @Recurring({ every: 100 * 365 * DAY }, { id: 'rare' })
  @Recurring({ every: '1 day' }, { id: 'far', startAt: new Date(8.64e15) })
  report(): void {}
}

describeEngines('calendars that leave few ticks, or none', (engine) => {
  it('hold nobody up, and are searched on by who asks next', async () => {
    const turn = longestTurn();
    const { jobs } = await createJobsApp(engine, {
      providers: [Reports],
      options: { calendars },
    });
    const later = async () => (await jobs.recurring.get('later'))!;
    await expect.poll(async () => (await later()).next.length, { timeout: 20_000 }).toBe(5);
    for (let asked = 0; asked < 20; asked += 1) {
      expect(await jobs.recurring.get('never-yearly')).toMatchObject({ next: [] });
      expect(await jobs.recurring.get('never')).toMatchObject({ state: 'searching', next: [] });
    }
    // Whoever asks has the search go on, and is told how far it is.
    const searchedUntil = async () => (await jobs.recurring.get('never'))!.searchedUntil!.getTime();
    const first = await searchedUntil();
    expect(first).toBeGreaterThan(Date.now());
    expect(await searchedUntil()).toBeGreaterThan(first);
    await jobs.recurring.pause('never');
    expect(await jobs.recurring.get('never')).toMatchObject({ state: 'paused', next: [] });
    await jobs.recurring.resume('never');
    const all = await jobs.recurring.list();
    expect(turn.end()).toBeLessThan(HELD_UP_MS);
    expect(all.map(({ id, state }) => [id, state])).toEqual([
      ['far', 'active'],
      ['later', 'active'],
      ['never', 'searching'],
      ['never-yearly', expect.any(String)],
      ['rare', 'active'],
    ]);
    const { next, searchedUntil: notFound } = await later();
    expect(notFound).toBeUndefined();
    expect(next[0]).toEqual(new Date(begins));
    const times = all.flatMap((each) => each.next.map((date) => date.getTime()));
    expect(times.every(Number.isFinite)).toBe(true);
    const beyond = jobs.recurring.reschedule('rare', { every: Number.MAX_SAFE_INTEGER });
    await expect(beyond).rejects.toThrow('at most 100 years');
  });
});
