import { Injectable, UnprocessableEntityException } from '@nestjs/common';
import { JobScheduler } from 'nestjs-jobs';
import { enqueuedOnce, type JobReference } from '../jobs/job-link.js';
import { InvoiceService } from './invoice.service.js';
import { formatCents } from './money.js';
import type { OrderDto } from './order.dto.js';
import { OrdersDatabase, type Query } from './orders.database.js';
import { type Order, OrdersRepository } from './orders.repository.js';

/** In cents: what one user may order in all. */
const CREDIT = 1_000_000;

/** Stores an order, and the job that makes its invoice. */
@Injectable()
export class OrderPlacement {
  constructor(
    private readonly database: OrdersDatabase,
    private readonly orders: OrdersRepository,
    private readonly jobs: JobScheduler,
  ) {}

  /**
   * @throws UnprocessableEntityException beyond the user's credit: neither order nor job is stored
   */
  place(dto: OrderDto): Promise<Order> {
    return this.database.holdsJobs ? this.placeAtOnce(dto) : this.placeInSteps(dto);
  }

  /** In one transaction: the job is there if the order is, and whatever throws takes both back. */
  private placeAtOnce(dto: OrderDto): Promise<Order> {
    // #region transaction
    return this.database.transaction(async (client, query) => {
      const order = await this.orders.add(dto, query);
      await this.haveInvoiced(order, this.jobs.withTransaction(client));
      await this.refuseBeyondCredit(order, query);
      return order;
    });
    // #endregion transaction
  }

  /**
   * On Redis, which has no transactions that others can join. Should this process die between the
   * two, the client repeats the request: the order is found again, and the job's id has it enqueued
   * once.
   */
  private async placeInSteps(dto: OrderDto): Promise<Order> {
    const order = await this.database.transaction(async (_client, query) => {
      const added = await this.orders.add(dto, query);
      await this.refuseBeyondCredit(added, query);
      return added;
    });
    await this.haveInvoiced(order, this.jobs);
    return order;
  }

  private async haveInvoiced({ id }: Order, jobs: Pick<JobScheduler, 'enqueue'>): Promise<void> {
    await enqueuedOnce(
      jobs.enqueue(InvoiceService, (invoices) => invoices.create(id), { id: invoiceJobOf(id).id }),
    );
  }

  private async refuseBeyondCredit({ userId }: Order, query: Query): Promise<void> {
    const total = await this.orders.totalOf(userId, query);
    if (total <= CREDIT) return;
    throw new UnprocessableEntityException(
      `expected orders of ${formatCents(CREDIT)} at most, got ${formatCents(total)} with this one`,
    );
  }
}

/** The job that makes the invoice of an order. */
export function invoiceJobOf(orderId: string): JobReference {
  return { queue: 'invoices', id: `invoice-${orderId}` };
}
