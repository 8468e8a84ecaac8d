import type { IQueueBackend, JobType } from 'bullmq';
import type { EventFields, EventReader } from './event-reader.js';
import { normalizeResult } from './known-differences.js';
import type { QueueName } from './recorded-call.js';
import type { Side } from './side.js';

/** Everything that can be seen of a queue, by name: a difference is reported under its name. */
export type Snapshot = Record<string, unknown>;

export const STATES = [
  'wait',
  'active',
  'delayed',
  'prioritized',
  'waiting-children',
  'completed',
  'failed',
] as const satisfies JobType[];

/** The names that generators choose from; few, so that they meet. */
export const SCHEDULER_IDS = ['s1', 's2', 's3'] as const;
export const DEDUPLICATION_IDS = ['d1', 'd2', 'd3'] as const;

type Question = [name: string, method: string, answer: Promise<unknown>];

/** A queue's lists, counts, settings, schedulers, metrics and events. */
export async function snapshotQueue(
  side: Side,
  queue: QueueName,
  reader: EventReader,
): Promise<Snapshot> {
  const backend = side.queue(queue);
  const questions: Question[] = [
    ['lists, ascending', 'getRanges', backend.getRanges([...STATES], 0, -1, true)],
    ['lists, descending', 'getRanges', backend.getRanges([...STATES], 0, -1, false)],
    ['counts', 'getCounts', backend.getCounts([...STATES])],
    ['meta', 'getQueueMeta', backend.getQueueMeta()],
    ['maxed', 'isMaxed', backend.isMaxed()],
    ['rate limit', 'getRateLimitTtl', backend.getRateLimitTtl()],
    ['metrics of completed', 'getMetrics', backend.getMetrics('completed')],
    ['metrics of failed', 'getMetrics', backend.getMetrics('failed')],
    ['schedulers', 'getJobSchedulersRange', backend.getJobSchedulersRange(0, -1, true)],
    ['events', 'readEvents', reader.read()],
    ...SCHEDULER_IDS.map((id): Question => {
      return [`scheduler ${id}`, 'getJobSchedulerData', backend.getJobSchedulerData(id)];
    }),
    ...DEDUPLICATION_IDS.map((id): Question => {
      return [`deduplication ${id}`, 'getDeduplicationJobId', backend.getDeduplicationJobId(id)];
    }),
  ];
  return answers(side, queue, questions);
}

/** What is stored about some of a queue's jobs. */
export async function snapshotJobs(
  side: Side,
  queue: QueueName,
  jobIds: Iterable<string>,
): Promise<Snapshot> {
  const backend = side.queue(queue);
  const questions = [...jobIds].flatMap((jobId) => questionsAbout(backend, jobId));
  return answers(side, queue, questions);
}

/** The ids of the jobs that a snapshot's events are about. */
export function jobsInEvents(snapshot: Snapshot, queue: QueueName): string[] {
  const events = snapshot[`${queue}: events`];
  if (!Array.isArray(events)) return [];
  return (events as EventFields[]).flatMap((fields) =>
    fields.filter((_, index) => index % 2 === 1 && fields[index - 1] === 'jobId'),
  );
}

/** The lists of a queue by state, in the order of STATES. */
export function listsOf(snapshot: Snapshot, queue: QueueName): string[][] {
  const lists = snapshot[`${queue}: lists, ascending`];
  return Array.isArray(lists) ? (lists as string[][]) : [];
}

function questionsAbout(backend: IQueueBackend, jobId: string): Question[] {
  return [
    [`job ${jobId}`, 'getJobData', backend.getJobData(jobId)],
    [`state of job ${jobId}`, 'getState', backend.getState(jobId)],
    [`logs of job ${jobId}`, 'getJobLogs', backend.getJobLogs(jobId, 0, -1, true)],
    [`children of job ${jobId}`, 'getDependencies', backend.getDependencies(jobId, {})],
  ];
}

/**
 * The questions were all asked at once, so that Redis answers them in one go. An error is an
 * answer, too.
 */
async function answers(side: Side, queue: QueueName, questions: Question[]): Promise<Snapshot> {
  const given = await Promise.all(questions.map(([, , answer]) => answer.catch(String)));
  const snapshot: Snapshot = {};
  for (const [index, [name, method]] of questions.entries()) {
    snapshot[`${queue}: ${name}`] = normalizeResult(method, given[index], side.prefix);
  }
  return snapshot;
}
