import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';
import { OpeningHours } from './cron.js';
import { Outbox } from './outbox.js';
import { PriceCache } from './price-cache.js';
import { steerRecurring } from './recurring.js';
import { ReportService } from './report.service.js';

describeEngines("the README's recurring jobs", (engine) => {
  it('are declared by decorators', async () => {
    const { jobs, module } = await createJobsApp(engine, { providers: [ReportService, Outbox] });
    const all = await jobs.recurring.list();
    expect(all.map(({ id, recurrence, timeZone }) => [id, recurrence, timeZone])).toEqual([
      ['monday-reminders', '0 9 * * MON', 'Europe/Berlin'],
      ['nightly-report', '0 0 * * *', 'Asia/Kolkata'],
      ['reminders', 'every 600000 ms', 'UTC'],
    ]);
    const run = await jobs.recurring.trigger('nightly-report');
    expect(await run.result()).toMatch(/^\d{4}-\d\d-\d\d$/);
    await (await jobs.recurring.trigger('reminders')).result();
    expect(module.get(Outbox).delivered).toEqual([
      expect.stringMatching(/^report of .*, after none$/),
      'reminder to everyone',
    ]);
  });

  it('are steered at run time', async () => {
    const { jobs, module } = await createJobsApp(engine, { providers: [ReportService, Outbox] });
    await steerRecurring(jobs);
    expect(module.get(Outbox).delivered).toEqual(['reminder to VIPs']);
    expect(await jobs.recurring.get('vips')).toBeUndefined();
  });

  it('may have weekdays by number, as docs/cron.md shows', async () => {
    const { jobs } = await createJobsApp(engine, {
      providers: [OpeningHours],
      options: { recurring: { dialect: 'unix' } },
    });
    const all = await jobs.recurring.list();
    expect(all.map(({ id }) => id)).toEqual(['close', 'count', 'lunch', 'open']);
    for (const { next } of all) {
      expect(next.map((date) => date.getUTCDay()).toSorted((a, b) => a - b)).toEqual([
        1, 2, 3, 4, 5,
      ]);
    }
  });

  it('can be those of each process', async () => {
    const { module } = await createJobsApp(engine, {
      imports: [ScheduleModule.forRoot()],
      providers: [PriceCache],
    });
    expect(module.get(SchedulerRegistry).getTimeouts()).toEqual(['price-cache']);
    await module.get(PriceCache).refresh();
    expect(module.get(PriceCache).priceOf('tea')).toBe(300);
  });
});
