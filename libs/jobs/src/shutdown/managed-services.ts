import { Inject, Injectable } from '@nestjs/common';
import {
  JOBS_ENGINE,
  MANAGED_SERVICES,
  type Engine,
  type ManagedService,
} from '../contracts/index.js';
import { withDeadline } from '../engines/index.js';
import { StoreUnreachableError } from '../errors/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';

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
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /**
   * Starts all, or none: a store that goes away meanwhile must neither hang the boot nor leave half of
   * them running.
   * @throws StoreUnreachableError when a service does not start within `connectTimeout`
   */
  async start(): Promise<void> {
    try {
      for (const service of this.services) {
        this.started.unshift(service);
        await withDeadline(service.start(), this.options.connectTimeoutMs, () =>
          this.lost(service),
        );
      }
    } catch (error) {
      await this.stop();
      throw error;
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

  private lost({ name }: ManagedService): Error {
    const { connectTimeoutMs } = this.options;
    const reason = `it did not answer within ${connectTimeoutMs} ms while ${name} was starting`;
    return new StoreUnreachableError(this.engine.name, this.engine.address, reason);
  }
}
