import type { DependenciesOpts, IQueueBackend } from 'bullmq';
import type { Transaction } from '../../store/index.js';
import { findByKey } from './flow.js';
import { findJob, toJobJson } from '../row/job-row.js';

type Kind = 'pending' | 'processed' | 'ignored' | 'failed';
type Dependencies = Awaited<ReturnType<IQueueBackend['getDependencies']>>;
type Page = Awaited<ReturnType<IQueueBackend['paginate']>>;

interface Child {
  child_key: string;
  value: string | null;
}

const COUNT = 'SELECT count(*) AS count FROM dependency WHERE parent = ? AND kind = ?';
const CHILDREN = `SELECT child_key, value FROM dependency WHERE parent = ? AND kind = ?
  ORDER BY rank, child_key LIMIT +? OFFSET +?`;

const ALL = -1;

/** BullMQ's page size. */
const DEFAULT_COUNT = 20;

/** BullMQ's names of the kinds, in the order of its answer; an unknown one counts as failed. */
const KINDS: Readonly<Partial<Record<string, Kind>>> = {
  processed: 'processed',
  unprocessed: 'pending',
  ignored: 'ignored',
};

/** How many children of each kind a job has. */
export function getDependencyCounts(
  transaction: Transaction,
  queueName: string,
  jobId: string,
  types: string[],
): number[] {
  const parent = parentOf(transaction, queueName, jobId);
  return types.map((type) => count(transaction, parent, KINDS[type] ?? 'failed'));
}

/** The children of a job: all of them, or a page of each kind that is asked for. */
export function getDependencies(
  transaction: Transaction,
  queueName: string,
  jobId: string,
  { processed, unprocessed, ignored, failed }: DependenciesOpts,
): Dependencies {
  const parent = parentOf(transaction, queueName, jobId);
  const isPaged = Boolean(processed ?? unprocessed ?? ignored ?? failed);
  const page = (kind: Kind, options?: { cursor?: number; count?: number }): [Child[], number] => {
    const { cursor = 0, count: length = DEFAULT_COUNT } = options ?? {};
    const rows = children(transaction, parent, kind, length, cursor);
    const next = cursor + rows.length;
    return [rows, next < count(transaction, parent, kind) ? next : 0];
  };
  if (!isPaged) {
    return {
      processed: results(children(transaction, parent, 'processed')),
      unprocessed: keys(children(transaction, parent, 'pending')),
      failed: keys(children(transaction, parent, 'failed')),
      ignored: texts(children(transaction, parent, 'ignored')),
    };
  }
  const answer: Dependencies = {};
  if (processed) {
    const [rows, next] = page('processed', processed);
    Object.assign(answer, { processed: results(rows), nextProcessedCursor: next });
  }
  if (ignored) {
    const [rows, next] = page('ignored', ignored);
    Object.assign(answer, { ignored: texts(rows), nextIgnoredCursor: next });
  }
  if (failed) {
    const { cursor = 0, count: length = DEFAULT_COUNT } = failed;
    // BullMQ reads up to the place `count` here, whatever the cursor.
    const rows = children(transaction, parent, 'failed', Math.max(0, length - cursor), cursor);
    Object.assign(answer, { failed: keys(rows), nextFailedCursor: cursor + length });
  }
  if (unprocessed) {
    const [rows, next] = page('pending', unprocessed);
    Object.assign(answer, { unprocessed: keys(rows), nextUnprocessedCursor: next });
  }
  return answer;
}

/** The results of a job's completed children, as JSON, by their keys. */
export function getProcessedValues(
  transaction: Transaction,
  queueName: string,
  jobId: string,
): Record<string, string> {
  return texts(children(transaction, parentOf(transaction, queueName, jobId), 'processed'));
}

/** Why children of a job failed whose failure it ignores, by their keys. */
export function getIgnoredFailures(
  transaction: Transaction,
  queueName: string,
  jobId: string,
): Record<string, string> {
  return texts(children(transaction, parentOf(transaction, queueName, jobId), 'ignored'));
}

/**
 * A page of a job's children.
 *
 * @param key - The job's key and `:processed`, `:failed` (ignored failures) or `:dependencies`
 *   (pending).
 */
export function paginate(
  transaction: Transaction,
  key: string,
  { start, end, fetchJobs }: { start: number; end: number; fetchJobs?: boolean },
): Page {
  const { jobKey, kind } = listOf(key);
  const parent = findByKey(transaction, jobKey)?.job.seq;
  const total = count(transaction, parent, kind);
  const last = end >= 0 ? end : total;
  const rows = children(transaction, parent, kind, Math.max(0, last - start + 1), start);
  const items =
    kind === 'pending'
      ? rows.map(({ child_key: id }) => ({ id }))
      : rows.map(({ child_key: id, value }) => ({ id, ...parsed(value) }));
  const jobs = fetchJobs
    ? rows.flatMap(({ child_key: child }) => {
        const found = findByKey(transaction, child);
        return found === undefined ? [] : [toJobJson(found.job)];
      })
    : [];
  return { cursor: '0', items, total, jobs };
}

function listOf(key: string): { jobKey: string; kind: Kind } {
  const colon = key.lastIndexOf(':');
  const list = key.slice(colon + 1);
  const kind = list === 'processed' ? 'processed' : list === 'failed' ? 'ignored' : 'pending';
  return { jobKey: key.slice(0, colon), kind };
}

function parentOf(transaction: Transaction, queueName: string, jobId: string): number | undefined {
  return findJob(transaction, transaction.queue(queueName), jobId)?.seq;
}

function count(transaction: Transaction, parent: number | undefined, kind: Kind): number {
  if (parent === undefined) return 0;
  return transaction.get<{ count: number }>(COUNT, parent, kind)?.count ?? 0;
}

function children(
  transaction: Transaction,
  parent: number | undefined,
  kind: Kind,
  limit = ALL,
  offset = 0,
): Child[] {
  return parent === undefined ? [] : transaction.all<Child>(CHILDREN, parent, kind, limit, offset);
}

function keys(rows: Child[]): string[] {
  return rows.map(({ child_key: key }) => key);
}

function texts(rows: Child[]): Record<string, string> {
  return Object.fromEntries(rows.map(({ child_key: key, value }) => [key, value ?? '']));
}

function results(rows: Child[]): Record<string, unknown> {
  return Object.fromEntries(
    rows.map(({ child_key: key, value }) => [key, JSON.parse(value ?? 'null') as unknown]),
  );
}

function parsed(value: string | null): { v: unknown } | { err: string } {
  try {
    return { v: JSON.parse(value ?? 'null') as unknown };
  } catch (error) {
    return { err: (error as Error).message };
  }
}
