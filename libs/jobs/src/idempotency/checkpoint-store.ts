import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';

/** A job that has done steps; `enqueuedAt` tells it from a later one with the same id. @internal */
export interface SteppedJob {
  readonly queue: string;
  readonly id: string;
  readonly enqueuedAt: number;
}

/** Under this, the jobs that have checkpoints: small, and listed a part at a time. */
const JOBS = 'once-job:';

/** Under this and the job's hash, the checkpoints themselves. */
const STEPS = 'once:';

/** First characters of the hashes: the parts in which jobs are listed. @internal */
export const PARTS = Array.from({ length: 16 }, (_, digit) => digit.toString(16));

/**
 * Where checkpoints are kept: a key for each step, taken by whoever comes first, and a key for each
 * job that has any, so that they can be found when the job is gone. None expires, since a job may
 * wait for weeks between two attempts.
 * @internal
 */
@Injectable()
export class CheckpointStore {
  constructor(@Inject(JOBS_ENGINE) private readonly engine: Engine) {}

  /**
   * Notes that a job has steps. To be done before the first is kept: a crash must not leave one
   * that nobody finds.
   */
  async register(job: SteppedJob): Promise<void> {
    const { queue, id, enqueuedAt } = job;
    await this.engine.store.set(JOBS + hashOf(job), JSON.stringify({ queue, id, enqueuedAt }));
  }

  find(job: SteppedJob, step: string): Promise<string | undefined> {
    return this.engine.store.get(keyOf(job, step));
  }

  /**
   * Keeps the result of a step unless there is one. @returns the one that is kept; safe to repeat
   */
  async keep(job: SteppedJob, step: string, result: string): Promise<string> {
    const key = keyOf(job, step);
    if (await this.engine.store.compareAndSet(key, undefined, result)) return result;
    return (await this.engine.store.get(key)) ?? result;
  }

  /**
   * The stored text of the jobs that have steps, of one of {@link PARTS}, by their keys: one of
   * them may be damaged.
   */
  jobs(part: string): Promise<ReadonlyMap<string, string>> {
    return this.engine.store.entries(JOBS + part);
  }

  /** Forgets the steps of a job, itself last: a crash leaves nothing that is not found again. */
  async forget(job: SteppedJob): Promise<void> {
    const { store } = this.engine;
    const hash = hashOf(job);
    for (const key of (await store.entries(`${STEPS}${hash}:`)).keys()) await store.delete(key);
    await store.delete(JOBS + hash);
  }
}

function keyOf(job: SteppedJob, step: string): string {
  return `${STEPS}${hashOf(job)}:${digest(step)}`;
}

function hashOf({ queue, id, enqueuedAt }: SteppedJob): string {
  return digest(JSON.stringify([queue, id, enqueuedAt]));
}

/** Names come from users, and keys are built of plain characters alone. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40);
}
