import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { JobsHealthModule } from 'nestjs-jobs/terminus';
import { HealthController } from './health.controller.js';

/** `GET /health`, for load balancers and orchestrators. */
@Module({
  imports: [TerminusModule, JobsHealthModule],
  controllers: [HealthController],
})
export class HealthModule {}
