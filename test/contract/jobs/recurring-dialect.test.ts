import { Injectable } from '@nestjs/common';
import { CronExpression as Theirs } from '@nestjs/schedule';
import {
  CronExpression,
  InvalidRecurringJobError,
  JobsConfigurationError,
  Recurring,
  type JobsModuleOptions,
} from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines, type Isolation } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

const AT_NINE = Theirs.MONDAY_TO_FRIDAY_AT_9AM;
const BOTH_READINGS = 'SUN-THU to Quartz, MON-FRI to Unix, @nestjs/schedule and Spring';
const MONDAY_TO_FRIDAY = [1, 2, 3, 4, 5];
const SUNDAY_TO_THURSDAY = [0, 1, 2, 3, 4];

@Injectable()
class Reports {
  @Recurring(CronExpression.MONDAY_TO_FRIDAY_AT_9AM, { id: 'ours' })
  report(): void {}
}

@Injectable()
class TheirReports {
  @Recurring(AT_NINE, { id: 'theirs' })
  report(): void {}
}

describeEngines('six fields with weekdays by number', (engine) => {
  const boot = async (
    options: JobsModuleOptions = {},
    isolation?: Isolation,
    provider: unknown = Reports,
  ) => {
    const app = await createJobsApp(engine, {
      providers: [provider as typeof Reports],
      options,
      ...(isolation && { isolation }),
    });
    const { recurring } = app.jobs;
    const weekdaysOf = async (id: string) => {
      const next = (await recurring.get(id))!.next.map((date) => date.getUTCDay());
      return next.toSorted((a, b) => a - b);
    };
    return { ...app, recurring, weekdaysOf };
  };

  it('are refused at boot for what this boot declares, with both readings', async () => {
    const booting = boot({}, undefined, TheirReports);
    await expect(booting).rejects.toThrow(JobsConfigurationError);
    await expect(booting).rejects.toThrow(BOTH_READINGS);
  });

  it('are refused for the caller, and change nothing', async () => {
    const { recurring, weekdaysOf } = await boot();
    const call = (s: Reports) => s.report();
    await recurring.addOrUpdate('mine', Reports, call, AT_NINE, { dialect: 'quartz' });
    for (const refused of [
      recurring.addOrUpdate('mine', Reports, call, AT_NINE),
      recurring.reschedule('mine', AT_NINE),
    ]) {
      await expect(refused).rejects.toThrow(InvalidRecurringJobError);
      await expect(refused).rejects.toThrow(BOTH_READINGS);
    }
    expect(await weekdaysOf('mine')).toEqual(SUNDAY_TO_THURSDAY);
    expect(await weekdaysOf('ours')).toEqual(MONDAY_TO_FRIDAY);
  });

  it('keep the reading that they were stored with, whatever the default is later on', async () => {
    const call = (s: Reports) => s.report();
    const first = await boot({ recurring: { dialect: 'unix' } });
    await first.recurring.addOrUpdate('mine', Reports, call, AT_NINE);
    expect(await first.weekdaysOf('mine')).toEqual(MONDAY_TO_FRIDAY);
    expect((await first.recurring.get('mine'))!.settings).toMatchObject({ dialect: 'unix' });
    await first.close();
    for (const options of [{}, { recurring: { dialect: 'quartz' } as const }]) {
      const later = await boot(options, first.isolation);
      expect(await later.weekdaysOf('mine')).toEqual(MONDAY_TO_FRIDAY);
      await later.close();
    }
  });

  it('have the dialect of forRoot() when they give none', async () => {
    const unix = await boot({ recurring: { dialect: 'unix' } }, undefined, TheirReports);
    expect(await unix.weekdaysOf('theirs')).toEqual(MONDAY_TO_FRIDAY);
    const quartz = await boot({ recurring: { dialect: 'quartz' } }, undefined, TheirReports);
    expect(await quartz.weekdaysOf('theirs')).toEqual(SUNDAY_TO_THURSDAY);
  });
});
