import { Module } from '@nestjs/common';
import { MailModule } from '../mail/mail.module.js';
import { UsersModule } from '../users/users.module.js';
import { InvoiceService } from './invoice.service.js';
import { OrderPlacement } from './order-placement.js';
import { OrdersController } from './orders.controller.js';
import { ordersDatabaseProvider } from './orders.database.provider.js';
import { OrdersRepository } from './orders.repository.js';

/** Orders and their invoices. */
@Module({
  imports: [UsersModule, MailModule],
  controllers: [OrdersController],
  providers: [ordersDatabaseProvider, OrdersRepository, OrderPlacement, InvoiceService],
  exports: [OrdersRepository],
})
export class OrdersModule {}
