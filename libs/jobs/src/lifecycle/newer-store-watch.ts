import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { joinStore } from '../coordination/index.js';
import { NewerStoreError } from '../errors/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { every, type Timer } from '../timers/index.js';
import { ManagedServices } from './managed-services.js';

/** How often the store is looked at, in ms. */
const INTERVAL_MS = 10_000;

/**
 * Looks now and then whether a newer version has changed the store so that this one cannot work on
 * it. Then it claims no more jobs and repairs nothing: running jobs end as they do in a shutdown,
 * and the process goes on without.
 * @internal
 */
@Injectable()
export class NewerStoreWatch {
  /** Why this process does not work on the store any more. */
  refusal: NewerStoreError | undefined;
  private timer: Timer | undefined;

  constructor(
    private readonly services: ManagedServices,
    private readonly logger: JobLogger,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  start(): void {
    this.timer = every(INTERVAL_MS, () => void this.look()).unref();
  }

  stop(): void {
    this.timer?.stop();
  }

  /** Never rejects: that a store is lost is told elsewhere. */
  async look(): Promise<void> {
    try {
      await joinStore(this.engine);
    } catch (error) {
      if (!(error instanceof NewerStoreError) || this.refusal !== undefined) return;
      this.stop();
      this.refusal = error;
      this.logger.error(messages.storeIsNewer(error));
      await this.services.stop();
    }
  }
}
