import {
  BadRequestException,
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  NotFoundException,
  Param,
  ParseUUIDPipe,
  Post,
  UseFilters,
} from '@nestjs/common';
import { JobScheduler } from 'nestjs-jobs';
import { type JobLink, linkTo } from '../jobs/job-link.js';
import { OrdersRepository } from '../orders/orders.repository.js';
import { PaymentProvider, type Refund } from './payment.provider.js';
import { type RefundDto, refundSchema } from './refund.dto.js';
import { RefundService } from './refund.service.js';
import { ReusedKeyFilter } from './reused-key.filter.js';

/** Refunds of orders. */
@Controller('orders/:id/refunds')
@UseFilters(ReusedKeyFilter)
export class RefundsController {
  constructor(
    private readonly jobs: JobScheduler,
    private readonly orders: OrdersRepository,
    private readonly provider: PaymentProvider,
  ) {}

  /**
   * A client that got no answer repeats its request with the same header `idempotency-key`, and is
   * given the job of the first one. The same key with another amount is a mistake, which is
   * answered 422.
   */
  @Post()
  @HttpCode(202)
  async refund(
    @Param('id', ParseUUIDPipe) orderId: string,
    @Body({ schema: refundSchema }) { amount }: RefundDto,
    @Headers('idempotency-key') key: string | undefined,
  ): Promise<{ jobs: { refund: JobLink } }> {
    if (!key) throw new BadRequestException('expected a header "idempotency-key"');
    if (!(await this.orders.find(orderId))) {
      throw new NotFoundException(`there is no order with the id ${orderId}`);
    }
    const job = await this.jobs.enqueue(RefundService, (s) => s.refund(orderId, amount), {
      idempotencyKey: key,
      idempotencyWindow: '7 days', // after its end; a repeated request gets the job of the first
    });
    return { jobs: { refund: linkTo(job) } };
  }

  @Get()
  list(@Param('id', ParseUUIDPipe) orderId: string): Promise<Refund[]> {
    return this.provider.of(orderId);
  }
}
