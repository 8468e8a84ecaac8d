// #region module
import { Module } from '@nestjs/common';
import { JobsModule } from 'nestjs-jobs';
import { EmailService } from './email.service.js';
import { UsersController } from './users.controller.js';

@Module({
  imports: [JobsModule.forRoot({ connection: process.env.JOBS_URL })],
  providers: [EmailService],
  controllers: [UsersController],
})
export class AppModule {}
// #endregion module
