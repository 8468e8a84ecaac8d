import { Inject, Injectable } from '@nestjs/common';
import { MANAGED_SERVICES, type ManagedService } from '../contracts/index.js';
import { JobLogger, messages } from '../logging/index.js';

/**
 * Starts all background services in order and stops them in reverse, each even if another fails.
 * @internal
 */
@Injectable()
export class ManagedServices {
  private started: ManagedService[] = [];

  constructor(
    @Inject(MANAGED_SERVICES) private readonly services: readonly ManagedService[],
    private readonly logger: JobLogger,
  ) {}

  async start(): Promise<void> {
    for (const service of this.services) {
      this.started.unshift(service);
      await service.start();
    }
  }

  async stop(): Promise<void> {
    for (const service of this.started.splice(0)) {
      try {
        await service.stop();
      } catch (error) {
        this.logger.error(messages.hookFailed(`stop of ${service.name}`, error));
      }
    }
  }
}
