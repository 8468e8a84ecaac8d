import { Body, Controller, Get, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { JobScheduler } from 'nestjs-jobs';
import { enqueuedOnce, type JobLink, linkTo } from '../jobs/job-link.js';
import { ShopSettings } from '../settings/shop-settings.js';
import { Onboarding } from './onboarding.service.js';
import { type SignUpDto, signUpSchema } from './sign-up.dto.js';
import { type User, UsersRepository } from './users.repository.js';
import { type Voucher, VouchersRepository } from './vouchers.repository.js';

/** Sign-up. */
@Controller('users')
export class UsersController {
  constructor(
    private readonly users: UsersRepository,
    private readonly vouchers: VouchersRepository,
    private readonly jobs: JobScheduler,
    private readonly settings: ShopSettings,
  ) {}

  /**
   * Stores the user, then has them welcomed and reminded. Should this process die in
   * between, the client repeats the request: the user is found again, and ids that are derived from
   * the user's id make sure that each job is enqueued once, however often the request came.
   */
  @Post()
  async signUp(
    @Body({ schema: signUpSchema }) { email, name }: SignUpDto,
  ): Promise<{ user: User; jobs: { welcome: JobLink; reminder: JobLink } }> {
    const user = await this.users.findOrCreate(email, name);
    const welcome = { queue: 'mail', id: `welcome-${user.id}` };
    const reminder = { queue: 'mail', id: `reminder-${user.id}` };
    await enqueuedOnce(
      this.jobs.enqueue(Onboarding, (onboarding) => onboarding.welcome(user.id), {
        id: welcome.id,
      }),
    );
    await enqueuedOnce(
      this.jobs.schedule(Onboarding, (onboarding) => onboarding.remind(user.id), {
        id: reminder.id,
        delay: this.settings.reminderDelay,
      }),
    );
    return { user, jobs: { welcome: linkTo(welcome), reminder: linkTo(reminder) } };
  }

  @Get(':id/vouchers')
  vouchersOf(@Param('id', ParseUUIDPipe) userId: string): Promise<Voucher[]> {
    return this.vouchers.of(userId);
  }
}
