import { Injectable } from '@nestjs/common';
import { JobLogger, messages } from '../logging/index.js';
import { after, type Timer } from '../timers/index.js';
import { ManagedServices } from './managed-services.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** How long after boot shutdown hooks may be switched on before their absence is warned of. */
const HOOKS_GRACE_MS = 3_000;

/**
 * Nest ignores a second signal, so whoever presses Ctrl+C twice would wait out the whole shutdown
 * timeout. While services are stopped, a further signal has them hurry, which aborts running jobs
 * at once.
 * @internal
 */
@Injectable()
export class ShutdownSignals {
  private warning: Timer | undefined;

  constructor(
    private readonly services: ManagedServices,
    private readonly logger: JobLogger,
  ) {}

  /**
   * Warns when no signal would reach Nest, so that a deploy kills running jobs. A while after boot,
   * since an application context is initialised before anyone can call `enableShutdownHooks()` on
   * it.
   */
  warnWhenHooksStayOff(): void {
    this.warning = after(HOOKS_GRACE_MS, () => {
      const hooksAreOff = SIGNALS.every((signal) => process.listenerCount(signal) === 0);
      if (hooksAreOff) this.logger.warn(messages.hooksOff);
    }).unref();
  }

  /** Listens only while `work` goes on: at other times a signal has its usual effect. */
  async during(work: () => Promise<void>): Promise<void> {
    this.warning?.stop();
    const onSignal = (signal: string) => {
      this.logger.warn(messages.secondSignal(signal));
      this.services.hurry();
    };
    // Without Nest's own listeners, ours would keep the first signal from ending the process.
    const signals = SIGNALS.filter((signal) => process.listenerCount(signal) > 0);
    for (const signal of signals) process.on(signal, onSignal);
    try {
      await work();
    } finally {
      for (const signal of signals) process.off(signal, onSignal);
    }
  }
}
