// #region limits
import { Injectable } from '@nestjs/common';
import { Job } from 'nestjs-jobs';
import { Outbox } from './outbox.js';

interface Order {
  id: string;
  customer: string;
}

@Injectable()
export class DeliveryService {
  constructor(private readonly outbox: Outbox) {}

  // One at a time of each customer, in the order in which they were enqueued.
  @Job({ concurrency: { key: (order: Order) => order.customer } })
  async ship(order: Order): Promise<string> {
    await this.outbox.deliver(`shipped ${order.id}`);
    return order.id;
  }

  // At most 100 starts within any minute, of all processes together.
  @Job({ rateLimit: { max: 100, per: '1 min' } })
  async tellPartner(orderId: string): Promise<void> {
    await this.outbox.deliver(`told of ${orderId}`);
  }

  // One that waits of each customer.
  @Job({
    unique: {
      key: (customer: string) => customer,
      for: 'until-started',
      onDuplicate: 'reschedule',
    },
  })
  async refresh(customer: string, reason: string): Promise<string> {
    await this.outbox.deliver(`refreshed ${customer}: ${reason}`);
    return reason;
  }
}
// #endregion limits
