import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Injectable } from '@nestjs/common';
import { Calendar, Recurring } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

const DAY = 86_400_000;
/** What is searched in vain took 20 s and more; a busy machine stands still for less. */
const HELD_UP_MS = 2_000;

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
  @Recurring({ every: Number.MAX_SAFE_INTEGER }, { id: 'beyond' })
  @Recurring({ every: '1 day' }, { id: 'far', startAt: new Date(8.64e15) })
  report(): void {}
}

describeEngines('calendars that leave few ticks, or none', (engine) => {
  it('hold nobody up, and are searched on by who asks next', async () => {
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    const { jobs } = await createJobsApp(engine, {
      providers: [Reports],
      options: { calendars },
    });
    const later = async () => (await jobs.recurring.get('later'))!;
    await expect.poll(async () => (await later()).next.length, { timeout: 20_000 }).toBe(5);
    for (let asked = 0; asked < 20; asked += 1) {
      expect(await jobs.recurring.get('never-yearly')).toMatchObject({ next: [] });
      expect(await jobs.recurring.get('never')).toMatchObject({ state: 'active', next: [] });
    }
    const all = await jobs.recurring.list();
    delay.disable();
    expect(delay.max / 1e6).toBeLessThan(HELD_UP_MS);
    expect(all.map(({ id, state }) => [id, state])).toEqual([
      ['beyond', 'ended'],
      ['far', 'active'],
      ['later', 'active'],
      ['never', 'active'],
      ['never-yearly', expect.any(String)],
    ]);
    const { next } = await later();
    expect(next[0]).toEqual(new Date(begins));
    const times = all.flatMap((each) => each.next.map((date) => date.getTime()));
    expect(times.every(Number.isFinite)).toBe(true);
  });
});
