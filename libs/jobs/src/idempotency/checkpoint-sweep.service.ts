import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { parseRecord } from '../coordination/index.js';
import { damageOf, QueueRegistry } from '../engines/index.js';
import { Repairs, type Repair, type RepairRound } from '../execution/index.js';
import type { ManagedService } from '../lifecycle/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { every, type Timer } from '../timers/index.js';
import { CheckpointStore, PARTS, type SteppedJob } from './checkpoint-store.js';

const LEASE = 'once-sweep';

/** How often the fleet sweeps. */
const INTERVAL_MS = 10 * 60_000;

/** How often a process asks whether it is its turn. */
const TURN_MS = 60_000;

/** So many jobs are asked for at once. */
const READERS = 20;

/**
 * Forgets the checkpoints of jobs that are gone: BullMQ removes jobs in many ways (retention,
 * clean, drain, obliterate, by hand) and tells of none. One process sweeps at a time.
 * @internal
 */
@Injectable()
export class CheckpointSweep implements ManagedService {
  readonly name = 'checkpoint sweep';
  private timer: Timer | undefined;
  private readonly repair: Repair;

  constructor(
    private readonly checkpoints: CheckpointStore,
    private readonly queues: QueueRegistry,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
    repairs: Repairs,
  ) {
    this.repair = repairs.of('checkpoints');
  }

  start(): Promise<void> {
    if (this.options.workers !== false)
      this.timer = every(TURN_MS, () => void this.takeTurn()).unref();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.timer?.stop();
    this.timer = undefined;
    return Promise.resolve();
  }

  /** Forgets the checkpoints of all jobs that are not in the store. */
  async sweep(): Promise<void> {
    await this.repair.round((round) => this.sweepParts(round));
  }

  private async sweepParts(round: RepairRound): Promise<void> {
    for (const part of PARTS) {
      const jobs = (await this.checkpoints.jobs(part)).entries();
      const lanes = Array.from({ length: READERS }, () =>
        round.each(
          jobs,
          ([key]) => key,
          ([key, text]) => this.forgetIfGone(parseRecord(text, key) as SteppedJob),
        ),
      );
      await Promise.all(lanes);
    }
  }

  private async takeTurn(): Promise<void> {
    let isMine = false;
    const ask = async () => {
      isMine = await this.engine.store.compareAndSet(LEASE, undefined, '1', INTERVAL_MS);
    };
    // Who cannot reach the store has not got the lease; an outage is reported elsewhere.
    await this.repair.one('its lease', ask).catch(() => undefined);
    if (isMine) await this.sweep();
  }

  private async forgetIfGone(job: SteppedJob): Promise<void> {
    if (await this.isGone(job)) await this.checkpoints.forget(job);
  }

  private async isGone({ queue, id, enqueuedAt }: SteppedJob): Promise<boolean> {
    const job = await this.queues.get(queue).getJob(id);
    if (job === undefined) return true;
    return damageOf(job) === undefined && job.timestamp !== enqueuedAt;
  }
}
