import { Module } from '@nestjs/common';
import { MailModule } from '../mail/mail.module.js';
import { OnboardingMails } from './onboarding.mails.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';

/** Users and their mails. */
@Module({
  imports: [MailModule],
  controllers: [UsersController],
  providers: [UsersRepository, OnboardingMails],
  exports: [UsersRepository],
})
export class UsersModule {}
