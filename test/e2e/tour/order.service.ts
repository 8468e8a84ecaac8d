// #region declared
import { Injectable } from '@nestjs/common';
import { Continuation, Job, type JobError } from 'nestjs-jobs';
import { Outbox } from './outbox.js';

export interface Order {
  id: string;
  total: number;
}

@Injectable()
export class OrderService {
  constructor(private readonly outbox: Outbox) {}

  @Job({ attempts: 5 })
  async process(id: string): Promise<Order> {
    return { id, total: 42 };
  }

  @Continuation({ after: [OrderService, 'process'], queue: 'mails' })
  async notifyCustomer(order: Order): Promise<void> {
    await this.outbox.deliver(`order ${order.id} is on its way`);
  }

  @Continuation({ after: [OrderService, 'process'], on: 'failed' })
  async tellSupport(error: JobError): Promise<void> {
    await this.outbox.deliver(`an order failed: ${error.message}`);
  }

  @Job()
  async invoice(orderId: string, total: number): Promise<string> {
    return `invoice of ${total} for ${orderId}`;
  }

  @Job()
  async archive(order: Order, invoice: string): Promise<string> {
    return `${order.id} with ${invoice}`;
  }
}
// #endregion declared
