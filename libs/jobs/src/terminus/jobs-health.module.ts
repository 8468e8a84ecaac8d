import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { JobsHealthIndicator } from './jobs-health.indicator.js';

/**
 * Provides the JobsHealthIndicator. Import it where the health controller is, beside
 * TerminusModule.
 * @publicApi
 */
@Module({
  imports: [TerminusModule],
  providers: [JobsHealthIndicator],
  exports: [JobsHealthIndicator],
})
export class JobsHealthModule {}
