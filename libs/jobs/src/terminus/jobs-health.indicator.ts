import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { PublicService } from '../contracts/index.js';
import { JobsHealth } from '../health/index.js';

/**
 * Health of background jobs for @nestjs/terminus: down when the store does not answer, and from the
 * moment a shutdown begins, before anything is stopped.
 *
 * @example
 * ```ts
 * @HealthCheck()
 * @Get('health')
 * check() {
 *   return this.health.check([() => this.jobs.isHealthy('jobs')]);
 * }
 * ```
 * @publicApi
 */
@Injectable()
export class JobsHealthIndicator extends PublicService {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly health: JobsHealth,
  ) {
    super();
  }

  /**
   * @param key the name of the result in the response
   * @param options.timeout how long the store may take to answer, in ms; default 1,000
   */
  async isHealthy<Key extends string>(
    key: Key,
    options: { timeout?: number } = {},
  ): Promise<HealthIndicatorResult<Key>> {
    const { healthy, ...details } = await this.health.check(options);
    const indicator = this.indicators.check(key);
    return healthy ? indicator.up(details) : indicator.down(details);
  }
}
