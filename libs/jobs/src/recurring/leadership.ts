import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { monotonicNow } from '../timers/index.js';

const LEASE = 'recurring:leader';

/** A leader that was silent for this long has no lease any more. */
const LEASE_MS = 6_000;

/** How often a leader renews its lease, and the others ask for it. @internal */
export const RENEW_MS = 2_000;

/**
 * Which process enqueues ticks. Others would find them enqueued already, so this saves work and no more: a
 * leader that was frozen, and one that has taken its place, do no harm together.
 * @internal
 */
@Injectable()
export class Leadership {
  private readonly holder = randomUUID();
  private askAt = 0;
  /** Whether this process leads, as of the last question. */
  isLeading = false;

  constructor(@Inject(JOBS_ENGINE) private readonly engine: Engine) {}

  /** In how many ms the lease has to be asked for again. */
  get dueIn(): number {
    return this.askAt - monotonicNow();
  }

  /** The lease may be free. */
  askNow(): void {
    this.askAt = 0;
  }

  /** Takes or renews the lease, when it is time. @returns whether this process leads */
  async claim(): Promise<boolean> {
    if (this.dueIn > 0) return this.isLeading;
    this.askAt = monotonicNow() + RENEW_MS;
    this.isLeading = false;
    this.isLeading = await this.engine.store.acquirePermit(LEASE, this.holder, 1, LEASE_MS);
    return this.isLeading;
  }

  /** Another process may lead from now on. */
  async resign(): Promise<void> {
    if (!this.isLeading) return;
    this.isLeading = false;
    await this.engine.store.releasePermit(LEASE, this.holder);
  }
}
