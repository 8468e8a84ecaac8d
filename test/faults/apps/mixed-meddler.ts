import { setTimeout as delay } from 'node:timers/promises';
import { getQueueToken } from '@nestjs/bullmq';
import { Inject, Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { JobScheduler } from 'nestjs-jobs';
import { LedgerWriter } from '../harness/ledger.js';
import { type AppCommands, QUEUE } from '../harness/protocol.js';
import { Random } from '../harness/seeds.js';
import { type Known, MixedLoad } from './mixed-load.js';

const PAUSE_MS = 400;

/**
 * What a person does to jobs at a page, at random. Refusals are answers, too: the job was just
 * claimed, or is gone.
 */
@Injectable()
export class MixedMeddler {
  private readonly done: Record<string, number> = {};

  constructor(
    private readonly load: MixedLoad,
    private readonly jobs: JobScheduler,
    private readonly ledger: LedgerWriter,
    @Inject(getQueueToken(QUEUE)) private readonly queue: Queue,
  ) {}

  async run({ seed, ms, pauseMs }: AppCommands['meddle'][0]): Promise<Record<string, number>> {
    const until = performance.now() + ms;
    const random = new Random(seed, 'meddler');
    while (performance.now() < until) {
      await delay(random.int(0, 2 * pauseMs));
      if (this.load.known.length > 0) await this.meddle(random);
    }
    return this.done;
  }

  private async meddle(random: Random): Promise<void> {
    const known = random.pick(this.load.known);
    const { handle, kind } = known;
    const chance = random.next();
    if (chance < 0.03) {
      await this.queue.pause();
      await delay(PAUSE_MS);
      await this.queue.resume();
      this.count('pause');
    } else if (kind === 'doomed') {
      await this.try('retry', known, () => this.jobs.retry(handle));
    } else if (kind === 'delayed' || chance < 0.2) {
      await this.try('promote', known, () => this.jobs.promote(handle));
    } else if (chance < 0.6) {
      this.excuse(known, 'cancelled');
      await this.try('cancel', known, () => this.jobs.cancel(handle, 'by the test'));
    } else {
      this.excuse(known, 'removed');
      await this.try('remove', known, () => this.jobs.remove(handle));
    }
  }

  private excuse({ labels }: Known, why: string): void {
    for (const label of labels) this.load.excuse(label, why);
  }

  private async try(what: string, { labels }: Known, act: () => Promise<unknown>): Promise<void> {
    const answer = await act().then(
      () => what,
      () => `${what} refused`,
    );
    this.count(answer);
    this.ledger.append({ type: 'note', about: labels[0]!, text: answer, pid: process.pid });
  }

  private count(what: string): void {
    this.done[what] = (this.done[what] ?? 0) + 1;
  }
}
