import type { Outcome } from './call-performer.js';
import { isRecord } from './plain-values.js';
import { type Call, parseJobKey, QUEUES, type QueueName } from './recorded-call.js';

/**
 * Which jobs there are, and which of them may have changed since the last look: looking at all is
 * slow.
 */
export class TouchedJobs {
  readonly #known = byQueue();
  #touched = byQueue();

  /** Notes the jobs that a call and its result name. */
  note(call: Call, outcome: Outcome): void {
    for (const argument of call.args) this.#noteAll(call.queue, argument, false);
    if ('value' in outcome) this.#noteAll(call.queue, outcome.value, true);
  }

  /** Notes a job for certain. */
  noteJob(queue: QueueName, jobId: string): void {
    this.#known[queue].add(jobId);
    this.#touched[queue].add(jobId);
  }

  /**
   * Also notes the parent, which the stored child names: what changes there is not in the events.
   *
   * @param looked - jobs, as queue:id, that need no second look.
   */
  noteParentOf(job: unknown, looked: ReadonlySet<string>): void {
    if (!isRecord(job) || typeof job['parentKey'] !== 'string') return;
    const parent = parseJobKey(job['parentKey']);
    if (!parent || looked.has(`${parent.queue}:${parent.jobId}`)) return;
    this.noteJob(parent.queue, parent.jobId);
  }

  /** The touched jobs of a queue, once. */
  take(queue: QueueName): string[] {
    const jobIds = [...this.#touched[queue]];
    this.#touched[queue] = new Set();
    return jobIds;
  }

  touchAll(): void {
    for (const queue of QUEUES) this.#touched[queue] = new Set(this.#known[queue]);
  }

  #noteAll(queue: QueueName, value: unknown, isNew: boolean): void {
    if (typeof value === 'string') {
      const key = parseJobKey(value);
      if (key) this.noteJob(key.queue, key.jobId);
      else if (isNew || this.#known[queue].has(value)) this.noteJob(queue, value);
    } else if (Array.isArray(value)) {
      for (const item of value) this.#noteAll(queue, item, isNew);
    } else if (isRecord(value)) {
      for (const name of ['id', 'job', 'jobId', 'jobData', 'parentKey', 'result']) {
        this.#noteAll(queue, value[name], isNew);
      }
    }
  }
}

function byQueue(): Record<QueueName, Set<string>> {
  return { a: new Set(), b: new Set(), c: new Set() };
}
