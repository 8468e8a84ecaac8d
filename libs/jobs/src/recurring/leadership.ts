import { Inject, Injectable } from '@nestjs/common';
import { createHash, randomUUID } from 'node:crypto';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { monotonicNow } from '../timers/index.js';

const LEASE = 'recurring:leader';

/** A leader that was silent for this long has no lease any more. */
const LEASE_MS = 6_000;

/** How often a leader renews its lease, and the others ask for it. @internal */
export const RENEW_MS = 2_000;

/**
 * Which process enqueues ticks: one of those that know the same calendars, since a recurring job
 * can be read only where its calendars are, and versions and services that differ in them live side
 * by side. Others would find them enqueued already, so this saves work and no more: a leader that
 * was frozen, and one that has taken its place, do no harm together.
 * @internal
 */
@Injectable()
export class Leadership {
  private readonly holder = randomUUID();
  private askAt = 0;
  /** Whether this process leads, as of the last question. */
  isLeading = false;

  private readonly lease: string;

  constructor(
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) { calendars }: Pick<ResolvedOptions, 'calendars'>,
  ) {
    const names = JSON.stringify([...calendars.keys()].toSorted());
    const group = createHash('sha256').update(names).digest('hex').slice(0, 16);
    this.lease = calendars.size === 0 ? LEASE : `${LEASE}:${group}`;
  }

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
    this.isLeading = await this.engine.store.acquirePermit(this.lease, this.holder, 1, LEASE_MS);
    return this.isLeading;
  }

  /** Another process may lead from now on. */
  async resign(): Promise<void> {
    if (!this.isLeading) return;
    this.isLeading = false;
    await this.engine.store.releasePermit(this.lease, this.holder);
  }
}
