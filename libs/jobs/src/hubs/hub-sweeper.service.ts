import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { Repairs, WorkersService } from '../execution/index.js';
import type { ManagedService } from '../lifecycle/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { after, type Timer } from '../timers/index.js';
import { SHARDS } from './hub-key.js';
import { HUB_KINDS, type HubKind } from './hub-kind.js';

const LEASE = 'hubs:sweeper';

/** A sweeper that missed this many turns is replaced. */
const LEASE_TURNS = 3;

/**
 * Has each kind of hub repair what got stuck, one part of its records in each turn, in one process
 * of the fleet. A turn takes place as often as abandoned jobs are looked for.
 * @internal
 */
@Injectable()
export class HubSweeper implements ManagedService {
  readonly name = 'sweep of hubs';
  private readonly holder = randomUUID();
  private timer: Timer | undefined;
  private turn = Promise.resolve();
  private turns = 0;
  private isStopping = false;

  constructor(
    @Inject(HUB_KINDS) private readonly kinds: readonly HubKind[],
    private readonly workers: WorkersService,
    private readonly repairs: Repairs,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  start(): Promise<void> {
    if (this.workers.queues.length > 0) this.takeTurnLater();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    this.timer?.stop();
    await this.turn;
  }

  async leave(): Promise<void> {
    if (this.turns > 0) await this.engine.store.releasePermit(LEASE, this.holder);
  }

  private takeTurnLater(): void {
    this.timer = after(this.options.sweepIntervalMs, () => {
      this.turn = this.takeTurn().finally(() => this.isStopping || this.takeTurnLater());
    }).unref();
  }

  private async takeTurn(): Promise<void> {
    let isMine = false;
    await this.repairs.of('hubs').round(async () => {
      const leaseMs = LEASE_TURNS * this.options.sweepIntervalMs;
      isMine = await this.engine.store.acquirePermit(LEASE, this.holder, 1, leaseMs);
    });
    if (!isMine) return;
    const shard = SHARDS[this.turns % SHARDS.length]!;
    this.turns += 1;
    for (const kind of this.kinds) {
      const repair = this.repairs.of(`hubs of the kind "${kind.kind}", part ${shard}`);
      await repair.round(async (round) => kind.sweep?.(shard, round));
    }
  }
}
