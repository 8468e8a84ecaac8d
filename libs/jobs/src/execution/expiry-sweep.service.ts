import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import type { ManagedService } from '../lifecycle/index.js';
import { every, type Timer } from '../timers/index.js';
import { Repairs } from './repairs.service.js';

/** Each process sweeps this often, in ms: what one has freed costs the others a look. */
const SWEEP_INTERVAL_MS = 60_000;

/**
 * Frees the space of what has expired, a portion at a time, where the store does not do that by
 * itself.
 * @internal
 */
@Injectable()
export class ExpirySweep implements ManagedService {
  readonly name = 'expiry';
  private timer: Timer | undefined;
  private sweeping: Promise<void> | undefined;
  private isStopping = false;

  constructor(
    private readonly repairs: Repairs,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  start(): Promise<void> {
    if (this.engine.expiring.length > 0)
      this.timer = every(SWEEP_INTERVAL_MS, () => void this.sweep()).unref();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    this.timer?.stop();
    await this.sweeping;
  }

  /** Frees all that has expired. */
  sweep(): Promise<void> {
    return (this.sweeping ??= this.freeAll().finally(() => (this.sweeping = undefined)));
  }

  private async freeAll(): Promise<void> {
    for (const rows of this.engine.expiring) {
      await this.repairs.of(`expired ${rows.name}`).round(async () => {
        while (!this.isStopping && (await rows.free()));
      });
    }
  }
}
