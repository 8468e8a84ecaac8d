import { Module } from '@nestjs/common';
import { OrdersModule } from '../orders/orders.module.js';
import { PaymentProvider } from './payment.provider.js';
import { RefundService } from './refund.service.js';
import { RefundsController } from './refunds.controller.js';

/** Money that goes back. */
@Module({
  imports: [OrdersModule],
  controllers: [RefundsController],
  providers: [PaymentProvider, RefundService],
})
export class PaymentsModule {}
