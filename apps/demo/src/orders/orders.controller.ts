import {
  Body,
  Controller,
  Get,
  NotFoundException,
  Param,
  ParseUUIDPipe,
  Post,
  UnprocessableEntityException,
} from '@nestjs/common';
import { type JobLink, linkTo } from '../jobs/job-link.js';
import { UsersRepository } from '../users/users.repository.js';
import { type OrderDto, orderSchema } from './order.dto.js';
import { invoiceJobOf, OrderPlacement } from './order-placement.js';
import { type Order, OrdersRepository } from './orders.repository.js';

/** An order, and the jobs that it has led to so far. */
export interface OrderAnswer {
  order: Order;
  jobs: { invoice: JobLink; invoiceMail?: JobLink };
}

/** Orders. */
@Controller('orders')
export class OrdersController {
  constructor(
    private readonly placement: OrderPlacement,
    private readonly orders: OrdersRepository,
    private readonly users: UsersRepository,
  ) {}

  /**
   * Stores the order and has its invoice made and mailed. Repeating it with the same id is safe.
   */
  @Post()
  async place(@Body({ schema: orderSchema }) dto: OrderDto): Promise<OrderAnswer> {
    if (!(await this.users.find(dto.userId))) {
      throw new UnprocessableEntityException(`there is no user with the id ${dto.userId}`);
    }
    return this.answer(await this.placement.place(dto));
  }

  @Get(':id')
  async find(@Param('id', ParseUUIDPipe) id: string): Promise<OrderAnswer> {
    const order = await this.orders.find(id);
    if (!order) throw new NotFoundException(`there is no order with the id ${id}`);
    return this.answer(order);
  }

  private async answer(order: Order): Promise<OrderAnswer> {
    const mail = await this.orders.invoiceMailOf(order.id);
    return {
      order,
      jobs: {
        invoice: linkTo(invoiceJobOf(order.id)),
        ...(mail !== undefined && { invoiceMail: linkTo({ queue: 'mail', id: mail }) }),
      },
    };
  }
}
