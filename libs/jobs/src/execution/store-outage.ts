import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { EndNotStoredError } from '../errors/index.js';
import { StartContext, type ManagedService } from '../lifecycle/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { after, monotonicNow, type Timer } from '../timers/index.js';

const PING_INTERVAL_MS = 1_000;

/**
 * Turns the flood of connection errors of a lost store into two lines: lost, and back.
 * @internal
 */
@Injectable()
export class StoreOutage implements ManagedService {
  readonly name = 'store outage watch';
  private since: number | undefined;
  private timer: Timer | undefined;
  private stopped = false;

  constructor(
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    private readonly logger: JobLogger,
    private readonly context: StartContext,
  ) {}

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.stopped = true;
    this.timer?.stop();
    return Promise.resolve();
  }

  /** Notices that the store is lost, where an error says so. @returns whether it does */
  noticedIn(error: unknown): boolean {
    const cause = error instanceof EndNotStoredError ? error.cause : error;
    if (!this.engine.isConnectionError(cause)) return false;
    this.notice(cause as Error);
    return true;
  }

  /** A connection error was met somewhere. */
  notice(error: Error): void {
    if (this.since !== undefined || this.stopped) return;
    this.since = monotonicNow();
    // It is the store that is lost, not a thing of the job or request that met it first.
    this.context.run(() => {
      this.logger.error(messages.storeLost(this.engine.name, error));
      this.pingLater();
    });
  }

  private pingLater(): void {
    this.timer = after(PING_INTERVAL_MS, () => void this.ping()).unref();
  }

  private async ping(): Promise<void> {
    try {
      await this.engine.ping(PING_INTERVAL_MS);
      this.logger.info(
        messages.storeBack(this.engine.name, Math.round(monotonicNow() - this.since!)),
      );
      this.since = undefined;
    } catch {
      if (!this.stopped) this.pingLater();
    }
  }
}
