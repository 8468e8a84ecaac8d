// #region enqueue
import { Body, Controller, Post } from '@nestjs/common';
import { JobScheduler } from 'nestjs-jobs';
import { EmailService } from './email.service.js';

@Controller('users')
export class UsersController {
  constructor(private readonly jobs: JobScheduler) {}

  @Post()
  async signUp(@Body() user: { id: string }) {
    const job = await this.jobs.enqueue(EmailService, (s) => s.sendWelcome(user.id));
    await this.jobs.schedule(EmailService, (s) => s.sendDigest([user.id]), { delay: '3 days' });
    return { job: job.id };
  }
}
// #endregion enqueue
