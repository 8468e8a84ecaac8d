import { getQueueToken } from '@nestjs/bullmq';
import { Inject, Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { Queue } from 'bullmq';
import { JobScheduler } from 'nestjs-jobs';
import { QUEUE } from '../harness/protocol.js';

const DIGITS = Array.from('0123456789abcdef');
const PARTS = DIGITS.flatMap((one) => DIGITS.map((other) => one + other));

/** States from which a job comes to an end by itself. */
const LIVE = ['waiting', 'active', 'delayed', 'prioritized', 'waiting-children'] as const;
const ENDED = ['completed', 'failed'] as const;

const MOST_CLEANED = 1_000_000;

interface Sweeper {
  sweep(): Promise<void>;
}

interface PartSweeper {
  sweepPart(part: string, round: unknown): Promise<void>;
}

/**
 * Looks at what is left when all is over, and makes what takes place now and then take place now.
 */
@Injectable()
export class MixedEnd {
  constructor(
    private readonly jobs: JobScheduler,
    private readonly modules: ModulesContainer,
    @Inject(getQueueToken(QUEUE)) private readonly queue: Queue,
  ) {}

  /** How many jobs and hubs have not ended, by their states. */
  async live(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const [name, queue] of this.queues) {
      for (const [state, count] of Object.entries(await queue.getJobCounts(...LIVE)))
        if (count > 0) counts[`${name} ${state}`] = count;
    }
    return counts;
  }

  async endRecurring(): Promise<undefined> {
    for (const { id } of await this.jobs.recurring.list()) await this.jobs.recurring.remove(id);
  }

  /** Removes what has ended, before its time to go. */
  async clean(): Promise<undefined> {
    for (const [, queue] of this.queues)
      for (const state of ENDED) await queue.clean(0, MOST_CLEANED, state);
  }

  /** Every sweep of the module, whole. */
  async sweep(): Promise<undefined> {
    const repairs = this.internal('Repairs') as { of(name: string): unknown };
    const round = repairs.of('the end of the test');
    await (this.internal('CheckpointSweep') as Sweeper).sweep();
    await (this.internal('ExpirySweep') as Sweeper).sweep();
    const batches = this.internal('RunningBatches') as {
      repair(digit: string, round: unknown): Promise<void>;
    };
    for (const digit of DIGITS) await batches.repair(digit, round);
    const continuations = this.internal('ContinuationSweep') as PartSweeper;
    for (const part of PARTS) await continuations.sweepPart(part, round);
  }

  private get queues(): readonly (readonly [string, Queue])[] {
    const { bullmq: hubs } = this.internal('HubQueue') as { bullmq: Queue };
    return [
      ['jobs', this.queue],
      ['hubs', hubs],
    ];
  }

  /** A provider of the module that is no part of its API. */
  private internal(name: string): unknown {
    for (const { providers } of this.modules.values()) {
      for (const [token, { instance }] of providers)
        if (typeof token === 'function' && token.name === name) return instance;
    }
    throw new Error(`the module has no provider "${name}"`);
  }
}
