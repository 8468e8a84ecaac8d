import type { JobsOptions, RepeatableOptions } from 'bullmq';
import { jobError } from '../errors/index.js';
import { type CleanProgress, cleanStep } from '../jobs/sweeps/clean.js';
import * as deduplication from '../jobs/deduplication/deduplication-holder.js';
import { type DrainProgress, drainStep } from '../jobs/sweeps/drain.js';
import { removeChildDependency } from '../jobs/flows/flow-leave.js';
import * as meta from '../jobs/queue/meta.js';
import { obliterateStep } from '../jobs/sweeps/obliterate.js';
import { pauseQueue } from '../jobs/queue/pause.js';
import * as removal from '../jobs/removal/remove-job.js';
import { removeOrphansStep } from '../jobs/sweeps/remove-orphans.js';
import * as schedulers from '../jobs/schedulers/index.js';
import { SWEEP_ROWS } from '../jobs/sweeps/sweep-step.js';
import { sweep } from './sweep.js';
import { accepted, type Result } from './backend-base.js';
import { BackendQueries } from './backend-queries.js';

/** What is done to a queue as a whole: its settings, schedules, and cleaning. */
export abstract class BackendUpkeep extends BackendQueries {
  async pause(pause: boolean): Promise<void> {
    await this.write((tx) => pauseQueue(tx, this.qualifiedName, pause));
  }

  setQueueMeta(values: Record<string, string | number>): Promise<number> {
    return this.write((tx) => meta.setQueueMeta(tx, this.qualifiedName, values));
  }

  async getQueueMetaField(field: string): Promise<string | null> {
    return (await this.getQueueMeta())[field] ?? null;
  }

  async getQueueMetaFields(fields: string[]): Promise<(string | null)[]> {
    const values = await this.getQueueMeta();
    return fields.map((field) => values[field] ?? null);
  }

  getQueueMeta(): Promise<Record<string, string>> {
    return this.read((tx) => meta.getQueueMeta(tx, this.qualifiedName));
  }

  removeQueueMetaFields(fields: string[]): Promise<number> {
    return this.write((tx) => meta.removeQueueMeta(tx, this.qualifiedName, fields));
  }

  async hasQueueMetaField(field: string): Promise<boolean> {
    return field in (await this.getQueueMeta());
  }

  setRateLimit(expireTimeMs: number): Promise<void> {
    return this.write((tx) => meta.setRateLimit(tx, this.qualifiedName, expireTimeMs));
  }

  removeRateLimitKey(): Promise<number> {
    return this.write((tx) => meta.removeRateLimit(tx, this.qualifiedName));
  }

  /** No file of ours has ever held that key. */
  removeDeprecatedPriorityKey(): Promise<number> {
    return Promise.resolve(0);
  }

  removeDeduplicationKey(deduplicationId: string, jobId: string): Promise<number> {
    return this.write((tx) =>
      deduplication.releaseDeduplicationId(tx, this.qualifiedName, deduplicationId, jobId),
    );
  }

  /**
   * Beyond BullMQ's contract: gives an id to a job, unless somebody holds it. @returns who holds it
   * now
   */
  holdDeduplicationId(deduplicationId: string, jobId: string): Promise<string> {
    return this.write((tx) =>
      deduplication.holdFreeId(tx, this.qualifiedName, deduplicationId, jobId),
    );
  }

  deleteDeduplicationKey(deduplicationId: string): Promise<number> {
    return this.write((tx) =>
      deduplication.releaseDeduplicationId(tx, this.qualifiedName, deduplicationId),
    );
  }

  getDeduplicationJobId(deduplicationId: string): Promise<string | null> {
    return this.read((tx) =>
      deduplication.deduplicationJobId(tx, this.qualifiedName, deduplicationId),
    );
  }

  async addJobScheduler(
    id: string,
    nextMillis: number,
    templateData: string,
    templateOpts: JobsOptions,
    repeat: RepeatableOptions,
    jobOpts: JobsOptions,
    producerId?: string,
  ): Promise<[string, number]> {
    const now = Date.now();
    const options = {
      id,
      nextMillis,
      templateData,
      templateOpts,
      repeat,
      jobOpts,
      producerId,
      now,
    };
    const result = await this.write((tx) =>
      schedulers.addScheduler(tx, this.qualifiedName, options),
    );
    if (typeof result === 'number') throw jobError(result, { command: 'addJobScheduler' });
    return result;
  }

  updateJobSchedulerNextMillis(
    id: string,
    nextMillis: number,
    templateData: string,
    jobOpts: JobsOptions,
    producerId?: string,
  ): Promise<string | null> {
    const options = { id, nextMillis, templateData, jobOpts, producerId, now: Date.now() };
    return this.write((tx) => schedulers.advanceScheduler(tx, this.qualifiedName, options));
  }

  removeJobScheduler(id: string): Promise<number> {
    return this.write((tx) => schedulers.removeScheduler(tx, this.qualifiedName, id));
  }

  getJobScheduler(id: string): Result<'getJobScheduler'> {
    return this.read((tx) =>
      schedulers.getScheduler(tx, this.qualifiedName, id),
    ) as Result<'getJobScheduler'>;
  }

  async isJobScheduler(id: string): Promise<boolean> {
    return 'ic' in (await this.getJobSchedulerData(id));
  }

  getJobSchedulerData(id: string): Promise<Record<string, string>> {
    return this.read((tx) => schedulers.getSchedulerFields(tx, this.qualifiedName, id));
  }

  getJobSchedulersRange(start: number, end: number, asc: boolean): Promise<string[]> {
    return this.read((tx) =>
      schedulers.getSchedulersRange(tx, this.qualifiedName, start, end, asc),
    );
  }

  getJobSchedulersCount(): Promise<number> {
    return this.read((tx) => schedulers.countSchedulers(tx, this.qualifiedName));
  }

  async remove(jobId: string, removeChildren: boolean): Promise<number> {
    const code = await this.write((tx) =>
      removal.removeJob(tx, this.qualifiedName, jobId, removeChildren),
    );
    return accepted(code, { command: 'removeJob', jobId });
  }

  removeUnprocessedChildren(jobId: string): Promise<void> {
    return this.write((tx) => removal.removeUnprocessedChildren(tx, this.qualifiedName, jobId));
  }

  async removeChildDependency(jobId: string, parentKey: string): Promise<boolean> {
    const code = await this.write((tx) =>
      removeChildDependency(tx, this.qualifiedName, jobId, parentKey),
    );
    return accepted(code, { command: 'removeChildDependency', jobId, parentKey }) === 0;
  }

  async drain(delayed: boolean): Promise<void> {
    await sweep((progress?: DrainProgress) =>
      this.write((tx) => drainStep(tx, this.qualifiedName, delayed, progress)),
    );
  }

  cleanJobsByState(state: string, timestamp: number, limit = 0): Promise<string[]> {
    const cleaning = { state, timestamp, limit };
    return sweep((progress?: CleanProgress) =>
      this.write((tx) => cleanStep(tx, this.qualifiedName, cleaning, progress)),
    );
  }

  async obliterate({ force, count }: { force: boolean; count: number }): Promise<number> {
    for (let left = count; ;) {
      const rows = Math.min(left, SWEEP_ROWS);
      const { code, used } = await this.write((tx) =>
        obliterateStep(tx, this.qualifiedName, rows, force),
      );
      if (code === -1) throw new Error('Cannot obliterate non-paused queue');
      if (code === -2) throw new Error('Cannot obliterate queue with active jobs');
      left -= used;
      if (code === 0 || left <= 0) return code;
    }
  }

  /** @param _scanned - how many keys Redis looks at in one go: here is nothing to scan. */
  async removeOrphanedJobs(_scanned = 1_000, limit = 0): Promise<number> {
    const most = limit > 0 ? limit : Number.POSITIVE_INFINITY;
    const removed = await sweep((left: number = most) =>
      this.write((tx) => removeOrphansStep(tx, this.qualifiedName, left)),
    );
    return removed.length;
  }
}
