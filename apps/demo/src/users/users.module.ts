import { Module } from '@nestjs/common';
import { MailModule } from '../mail/mail.module.js';
import { SupplierModule } from '../supplier/supplier.module.js';
import { Onboarding } from './onboarding.service.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { VouchersRepository } from './vouchers.repository.js';

/** Users, and what they get. */
@Module({
  imports: [MailModule, SupplierModule],
  controllers: [UsersController],
  providers: [UsersRepository, VouchersRepository, Onboarding],
  exports: [UsersRepository],
})
export class UsersModule {}
