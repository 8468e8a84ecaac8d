import { Injectable } from '@nestjs/common';
import { Cron, JobContext, Recurring } from 'nestjs-jobs';
import { OrdersRepository } from '../orders/orders.repository.js';
import { SHOP_TIME_ZONE } from './calendars.js';

/** What was sold since the report before. */
export interface SalesReport {
  /** ISO 8601; absent in the first report. */
  since: string | undefined;
  orders: number;
  /** In cents. */
  total: number;
}

/** Tells the owners how the shop does. */
@Injectable()
export class SalesReports {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly job: JobContext,
  ) {}

  /**
   * Each working day in the morning: ticks on holidays and weekends do not exist, so the report
   * after them tells of all days since the one before. It changes nothing, so it may run twice.
   */
  @Recurring(Cron.daily(8), {
    id: 'sales-report',
    timeZone: SHOP_TIME_ZONE,
    calendars: ['holidays', 'weekends'],
    queue: 'reports',
    attempts: 3,
  })
  async tell(): Promise<SalesReport> {
    const since = this.job.tick?.previous?.due.toISOString();
    return { since, ...(await this.orders.soldSince(since ?? '')) };
  }
}
