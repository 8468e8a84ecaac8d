import { Body, Controller, Post, UnprocessableEntityException } from '@nestjs/common';
import { JobScheduler } from 'nestjs-jobs';
import { enqueuedOnce, type JobLink, linkTo } from '../jobs/job-link.js';
import { UsersRepository } from '../users/users.repository.js';
import { InvoiceService } from './invoice.service.js';
import { type OrderDto, orderSchema } from './order.dto.js';
import { type Order, OrdersRepository } from './orders.repository.js';

/** Orders. */
@Controller('orders')
export class OrdersController {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly users: UsersRepository,
    private readonly jobs: JobScheduler,
  ) {}

  /** Stores the order and has its invoice made and mailed. Repeating it with the same id is safe. */
  @Post()
  async place(
    @Body({ schema: orderSchema }) dto: OrderDto,
  ): Promise<{ order: Order; jobs: { invoice: JobLink } }> {
    if (!(await this.users.find(dto.userId))) {
      throw new UnprocessableEntityException(`there is no user with the id ${dto.userId}`);
    }
    const order = await this.orders.place(dto);
    const invoice = { queue: 'invoices', id: `invoice-${order.id}` };
    await enqueuedOnce(
      this.jobs.enqueue(InvoiceService, (invoices) => invoices.create(order.id), {
        id: invoice.id,
      }),
    );
    return { order, jobs: { invoice: linkTo(invoice) } };
  }
}
