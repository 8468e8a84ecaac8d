// #region api
import { Module } from '@nestjs/common';
import { JobsModule } from 'nestjs-jobs';
import { UsersController } from './users.controller.js';

/** `UsersController` enqueues jobs of `EmailService`, which the processes that work provide. */
@Module({
  imports: [JobsModule.forRoot({ connection: process.env.JOBS_URL, workers: false })],
  controllers: [UsersController],
})
export class ApiModule {}
// #endregion api
