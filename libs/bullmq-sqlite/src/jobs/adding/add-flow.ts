import { ErrorCode } from 'bullmq';
import type { Transaction } from '../../store/index.js';
import { findByKey } from '../flows/flow.js';
import { releaseIfSettled } from '../flows/flow-settle.js';
import type { NewJob } from '../row/new-job.js';
import { addJob } from './add-job.js';

/**
 * Adds the jobs of a flow, parents before their children; a parent whose children had all ended
 * before goes on at once.
 *
 * @returns For each job its id, or BullMQ's error code.
 */
export function addFlow(
  transaction: Transaction,
  entries: (NewJob & { queueName: string })[],
  now: number,
): (string | ErrorCode)[] {
  const parents = new Set<string>();
  const refused = new Set<string>();
  const ids = entries.map(({ queueName, ...entry }) => {
    const parentKeyOpts = { ...entry.parentKeyOpts, deferParentRelease: true };
    const id = addJob(transaction, queueName, { ...entry, parentKeyOpts }, now);
    const { parentKey } = entry.job;
    if (parentKey !== undefined) parents.add(parentKey);
    if (parentKey !== undefined && id === ErrorCode.ParentJobCannotBeReplaced)
      refused.add(parentKey);
    return id;
  });
  for (const parentKey of parents) {
    const parent = refused.has(parentKey) ? undefined : findByKey(transaction, parentKey);
    if (parent !== undefined) releaseIfSettled(transaction, parent.queue, parent.job, now);
  }
  return ids;
}
