// #region cron
import { Injectable } from '@nestjs/common';
import { Cron, CronExpression, JobsModule, Recurring } from 'nestjs-jobs';

@Injectable()
export class OpeningHours {
  @Recurring(Cron.weekdays(9), { id: 'open' }) // what most need: '0 9 * * MON-FRI'
  open(): void {}

  @Recurring(CronExpression.MONDAY_TO_FRIDAY_AT_5PM, { id: 'close' }) // the names of @nestjs/schedule
  close(): void {}

  @Recurring('0 0 12 ? * 2-6', { id: 'lunch', dialect: 'quartz' }) // weekdays by number: say whose
  lunch(): void {}

  @Recurring('0 30 17 * * 1-5', { id: 'count' }) // read as forRoot() says
  count(): void {}
}

export const jobs = JobsModule.forRoot({ recurring: { dialect: 'unix' } });
// #endregion cron
