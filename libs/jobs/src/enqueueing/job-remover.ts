import { Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import { describeJob, JobNotFoundError, JobStateError } from '../errors/index.js';
import { changeJob } from './changed-job.js';
import { JobLines } from './job-lines.js';
import { JobReader, type JobAddress } from './job-reader.js';
import type { JobRef } from './job-ref.js';
import { PendingJobs } from './pending-jobs.js';
import { StoreCalls } from './store-calls.js';

const NOT_ACTIVE = 'any but active (cancel it first)';

/**
 * Removes jobs that do not run.
 * @internal
 */
@Injectable()
export class JobRemover {
  constructor(
    private readonly reader: JobReader,
    private readonly calls: StoreCalls,
    private readonly pending: PendingJobs,
    private readonly lines: JobLines,
  ) {}

  /** @throws JobNotFoundError, JobStateError while it runs */
  async remove(ref: JobRef): Promise<void> {
    if (await this.removePending(ref)) return;
    const job = await this.reader.get(ref);
    const location = { queue: job.queueName, id: job.id!, name: job.name };
    if ((await this.reader.state(location)) === 'active') {
      throw new JobStateError('remove', location, NOT_ACTIVE, 'active');
    }
    await this.removeStored(job);
    await this.pending.forget(location);
  }

  /**
   * Takes a job from its queue that was removed while it waited for others, and was put there at
   * the same moment. One that is claimed by now is refused, and goes with that.
   */
  async takeAway(address: JobAddress): Promise<void> {
    const job = await this.reader.find(address);
    if (job === undefined) return;
    try {
      await this.removeStored(job);
    } catch (error) {
      if (!(error instanceof JobStateError || error instanceof JobNotFoundError)) throw error;
    }
  }

  /** @returns false when it does not wait for others, or not any more */
  private async removePending(ref: JobRef): Promise<boolean> {
    if ((await this.reader.find(ref)) !== undefined) return false;
    const waiting = await this.reader.findPending(ref);
    if (waiting === undefined || !(await this.pending.remove(waiting.job))) return false;
    await this.takeAway(waiting.job);
    return true;
  }

  private async removeStored(job: Job): Promise<void> {
    const location = { queue: job.queueName, id: job.id!, name: job.name };
    await this.calls.change(`remove ${describeJob(location)}`, async () => {
      const change = { ...location, expected: NOT_ACTIVE };
      await changeJob(this.reader, 'remove', change, () => job.remove());
      await this.lines.removed(job);
    });
  }
}
