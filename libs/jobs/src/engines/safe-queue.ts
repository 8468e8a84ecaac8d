import { inspect } from 'node:util';
import { Queue, type BackendFactory, type Job, type RedisQueueBackend } from 'bullmq';
import type { Engine } from '../contracts/index.js';
import { SafeJob } from './safe-job.js';

/**
 * An engine's queue. It lists damaged jobs like any others: see {@link SafeJob}.
 * @internal
 */
export class SafeQueue extends Queue {
  constructor(name: string, engine: Engine) {
    // BullMQ's Queue names its backend's type, Redis by default, for `getBackend()` alone. Plain
    // `Queue` is what applications inject, on every engine.
    const factory = engine.backendFactory as BackendFactory<RedisQueueBackend>;
    super(name, engine.bullmqOptions, factory);
  }

  /** Its name: the rest is its connection, and all that is known of the store. */
  toJSON(): { name: string } {
    return { name: this.name };
  }

  [inspect.custom](): string {
    return `Queue(${this.name})`;
  }

  /**
   * Writes what BullMQ stores of a queue when it is opened, and only then: the store may have lost
   * it.
   */
  async restoreMeta(): Promise<void> {
    await this.getBackend().setQueueMeta(this.metaValues);
  }

  /** The class of every job that the queue adds or lists. */
  protected override get Job(): typeof Job {
    return SafeJob;
  }
}
