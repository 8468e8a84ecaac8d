import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { knownQueues } from '../coordination/index.js';
import { HandlerRegistry } from '../discovery/index.js';
import { QueueRegistry } from '../engines/index.js';
import type { ManagedService } from '../lifecycle/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { every, type Timer } from '../timers/index.js';
import { Fleet } from './fleet.js';
import { Repairs } from './repairs.service.js';

/** The last server of a queue may leave long after this one has booted. */
const LOOK_AGAIN_MS = 60_000;

/**
 * Warns of queues that hold jobs and have no worker in the fleet: a handler that was moved to
 * another queue leaves its stored jobs behind.
 * @internal
 */
@Injectable()
export class StrandedJobs implements ManagedService {
  readonly name = 'stranded jobs';
  private timer: Timer | undefined;
  private looking: Promise<unknown> | undefined;
  /** Queues that were told of, until they have a worker again or are empty. */
  private readonly told = new Set<string>();
  /** Queues that are open here since they were looked at, and for no other reason. */
  private readonly lookedAt = new Set<string>();

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly queues: QueueRegistry,
    private readonly fleet: Fleet,
    private readonly repairs: Repairs,
    private readonly logger: JobLogger,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  async start(): Promise<void> {
    await this.look();
    const repair = this.repairs.of(this.name);
    this.timer = every(LOOK_AGAIN_MS, () => {
      this.looking = repair.round(() => this.look());
    }).unref();
  }

  async stop(): Promise<void> {
    this.timer?.stop();
    await this.looking;
  }

  private async look(): Promise<void> {
    const { store } = this.engine;
    const used = this.queues.names().filter((queue) => !this.lookedAt.has(queue));
    const own = new Set([...this.registry.queues, ...used]);
    await Promise.all([...own].map((queue) => knownQueues.note(store, queue)));
    const [known, members] = await Promise.all([knownQueues.all(store), this.fleet.members()]);
    const worked = new Set(members.flatMap(({ queues }) => queues));
    for (const queue of known) {
      if (worked.has(queue)) this.told.delete(queue);
      else if (members.length > 0) await this.lookAt(queue, own.has(queue));
    }
  }

  private async lookAt(queue: string, isOwn: boolean): Promise<void> {
    if (!isOwn) this.lookedAt.add(queue);
    const counts = await this.queues
      .get(queue)
      .getJobCounts('waiting', 'prioritized', 'delayed', 'active');
    const held = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if (held === 0) {
      this.told.delete(queue);
      if (!isOwn) await knownQueues.forget(this.engine.store, queue);
    } else if (!this.told.has(queue)) {
      this.told.add(queue);
      this.logger.warn(messages.stranded(queue, held));
    }
  }
}
