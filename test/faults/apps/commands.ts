import { setTimeout as delay } from 'node:timers/promises';
import { getQueueToken } from '@nestjs/bullmq';
import { Inject, Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { ModuleRef } from '@nestjs/core';
import { JobNotFoundError, JobScheduler } from 'nestjs-jobs';
import { LedgerWriter } from '../harness/ledger.js';
import { type AppCommands, type JobAddress, QUEUE, type StoredJob } from '../harness/protocol.js';
import { Following } from './following.js';
import { Keyed } from './keyed.js';
import { MixedEnd } from './mixed-end.js';
import { MixedLoad } from './mixed-load.js';
import { MixedMeddler } from './mixed-meddler.js';
import { Producer } from './producer.js';

/** Reads at once: enough to be quick, too few to starve the workers under test. */
const READERS = 20;

/** What the test that forked this process can ask of it. */
@Injectable()
export class Commands {
  private readonly commands: {
    [C in keyof AppCommands]: (request: AppCommands[C][0]) => Promise<AppCommands[C][1]>;
  } = {
    enqueue: (request) => this.producer.enqueue(request),
    waiting: () => this.queue.getWaitingCount(),
    batch: (request) => this.producer.batch(request),
    enqueueKeyed: (request) => this.moduleRef.get(Keyed).enqueue(request),
    inspect: (request) => this.inspect(request),
    follow: (request) => this.following.enqueue(request),
    cancel: (request) => this.cancel(request),
    results: (request) => this.results(request),
    mix: (request) => this.moduleRef.get(MixedLoad).run(request),
    meddle: (request) => this.moduleRef.get(MixedMeddler).run(request),
    live: () => this.moduleRef.get(MixedEnd).live(),
    endRecurring: () => this.moduleRef.get(MixedEnd).endRecurring(),
    clean: () => this.moduleRef.get(MixedEnd).clean(),
    sweep: () => this.moduleRef.get(MixedEnd).sweep(),
    setClock: async ({ shiftMs }) => {
      process.env.FAULTS_CLOCK_SHIFT_MS = String(shiftMs);
      return undefined;
    },
    recurring: async () =>
      (await this.jobs.recurring.list()).map(({ id, state, runs, misfires, skips }) => ({
        id,
        state,
        runs,
        misfires,
        skips,
      })),
  };

  constructor(
    private readonly moduleRef: ModuleRef,
    private readonly jobs: JobScheduler,
    private readonly producer: Producer,
    private readonly following: Following,
    private readonly ledger: LedgerWriter,
    @Inject(getQueueToken(QUEUE)) private readonly queue: Queue,
  ) {}

  run(command: keyof AppCommands, request: unknown): Promise<unknown> {
    return (this.commands[command] as (request: unknown) => Promise<unknown>)(request);
  }

  private async inspect(addresses: readonly JobAddress[]): Promise<StoredJob[]> {
    const answers: StoredJob[] = [];
    const queue = [...addresses.entries()];
    const reader = async (): Promise<void> => {
      for (let item = queue.pop(); item; item = queue.pop()) {
        answers[item[0]] = await this.read(item[1]);
      }
    };
    await Promise.all(Array.from({ length: READERS }, reader));
    return answers;
  }

  private async read(address: JobAddress): Promise<StoredJob> {
    const { label, jobId } = address;
    const handle = await this.jobs.get({ queue: QUEUE, id: jobId });
    const details = await handle?.details().catch((error: unknown) => {
      if (error instanceof JobNotFoundError) return undefined;
      throw error;
    });
    if (!details) {
      return { label, jobId, state: 'removed', attemptsMade: 0, failedReason: undefined };
    }
    const { state, result, attemptsMade, failedReason } = details;
    return { label, jobId, state, result, attemptsMade, failedReason };
  }

  private async cancel(request: AppCommands['cancel'][0]): Promise<{ accepted: number }> {
    let accepted = 0;
    for (const { label, jobId } of request.jobs) {
      this.ledger.append({ type: 'cancelled', label });
      if (await this.jobs.cancel({ queue: QUEUE, id: jobId }, 'by the test')) accepted++;
      await delay(request.pauseMs);
    }
    return { accepted };
  }

  private async results(request: AppCommands['results'][0]): Promise<AppCommands['results'][1]> {
    const outcomes = await Promise.allSettled(
      request.jobs.map(async ({ jobId }) => {
        const handle =
          this.producer.handles.get(jobId) ?? (await this.jobs.get({ queue: QUEUE, id: jobId }));
        return handle!.result({ timeout: request.timeoutMs });
      }),
    );
    return {
      values: outcomes.flatMap((o) => (o.status === 'fulfilled' ? [o.value] : [])),
      errors: outcomes.flatMap((o) => (o.status === 'rejected' ? [String(o.reason)] : [])),
    };
  }
}
