import { Module } from '@nestjs/common';
import { MailModule } from '../mail/mail.module.js';
import { UsersModule } from '../users/users.module.js';
import { InvoiceService } from './invoice.service.js';
import { OrdersController } from './orders.controller.js';
import { OrdersRepository } from './orders.repository.js';

/** Orders and their invoices. */
@Module({
  imports: [UsersModule, MailModule],
  controllers: [OrdersController],
  providers: [OrdersRepository, InvoiceService],
})
export class OrdersModule {}
