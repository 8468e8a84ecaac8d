import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { StoreUnavailableError, StoreUnreachableError } from '../errors/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { bootFailure } from './boot-failure.js';
import { endsWithin, GOODBYE_MS, withDeadline } from './deadline.js';
import { MANAGED_SERVICES, type ManagedService } from './managed-service.js';

/**
 * Starts all background services, one group after the other, and stops them in reverse, each even
 * if another fails. Groups, since each may have to wait for a store that is lost, and an exit must
 * not wait for all of them in turn.
 * @internal
 */
@Injectable()
export class ManagedServices {
  private started: (readonly ManagedService[])[] = [];
  private stopping: Promise<void> | undefined;

  constructor(
    @Inject(MANAGED_SERVICES) private readonly groups: readonly (readonly ManagedService[])[],
    private readonly logger: JobLogger,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /**
   * Starts all, or none: a store that goes away meanwhile must neither hang the boot nor leave half
   * of them running.
   * @throws StoreUnreachableError when a service does not start within `connectTimeout`, or the
   *   store refuses what it needs
   */
  async start(): Promise<void> {
    try {
      for (const group of this.groups) {
        this.started.unshift(group);
        await Promise.all(group.map((service) => this.startOne(service)));
      }
    } catch (error) {
      await this.stop();
      throw bootFailure(this.engine, error);
    }
  }

  /** Once: whoever asks again waits for the same end. */
  stop(): Promise<void> {
    return (this.stopping ??= this.stopAll());
  }

  private async stopAll(): Promise<void> {
    for (const group of this.started.splice(0)) {
      await Promise.all(group.map((service) => this.stopOne(service)));
    }
  }

  /** Tells all that nobody wants to wait for the end of {@link stop} any more. */
  hurry(): void {
    for (const service of this.groups.flat()) service.hurry?.();
  }

  private startOne(service: ManagedService): Promise<void> {
    return withDeadline(service.start(), this.options.connectTimeoutMs, () => this.lost(service));
  }

  private async stopOne(service: ManagedService): Promise<void> {
    const stopped = this.end(service, 'stop');
    await (service.boundsItsStop ? stopped : endsWithin(GOODBYE_MS, stopped));
    await endsWithin(GOODBYE_MS, this.end(service, 'leave'));
  }

  private async end(service: ManagedService, how: 'stop' | 'leave'): Promise<void> {
    try {
      await service[how]?.();
    } catch (error) {
      // Who cannot say goodbye to a store that is lost is found out to be gone, all the same.
      if (this.engine.isConnectionError(error) || error instanceof StoreUnavailableError) return;
      this.logger.error(messages.hookFailed(`${how} of ${service.name}`, error));
    }
  }

  private lost({ name }: ManagedService): Error {
    const { connectTimeoutMs } = this.options;
    const reason = `it did not answer within ${connectTimeoutMs} ms while ${name} was starting`;
    return new StoreUnreachableError(this.engine.name, this.engine.address, reason);
  }
}
