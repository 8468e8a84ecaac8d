import type { FlowJob, IQueueBackend, Queue } from 'bullmq';
import { SafeJob } from '../engines/index.js';

/** A job of a flow, below its root. @internal */
export type FlowNode = NonNullable<FlowJob['children']>[number];

/** The jobs of a flow as the backend takes them, parents before their children. @internal */
export type FlowEntries = Parameters<IQueueBackend['addFlow']>[0];

/**
 * Turns a tree of jobs into what is stored in one operation. BullMQ's FlowProducer does the same,
 * with a backend and two promises for each job, which takes as long as the store does.
 * @internal
 */
export function flowEntries(root: FlowNode, queueOf: (name: string) => Queue): FlowEntries {
  const entries: FlowEntries = [];
  const collect = (node: FlowNode, parent?: { queue: Queue; id: string }): void => {
    const queue = queueOf(node.queueName);
    const id = node.opts!.jobId!;
    const opts = parent && {
      ...node.opts,
      parent: { id: parent.id, queue: parent.queue.qualifiedName },
    };
    const parentKey = parent?.queue.toKey(parent.id);
    const children = node.children ?? [];
    const job = new SafeJob(queue, node.name, node.data, opts ?? node.opts, id);
    entries.push(
      job.toFlowEntry({
        ...(children.length > 0 && { addToWaitingChildren: true }),
        ...(parentKey && { parentKey, parentDependenciesKey: `${parentKey}:dependencies` }),
      }),
    );
    for (const child of children) collect(child, { queue, id });
  };
  collect(root);
  return entries;
}

/** Throws what the store said of a job that it did not take. @internal */
export function assertFlowStored(
  answers: Awaited<ReturnType<IQueueBackend['addFlow']>>,
  what: string,
): void {
  for (const [error, id] of answers) {
    if (error !== null) throw error;
    if (Number(id) < 0) throw new Error(`The store refused a job of the ${what}: code ${id}.`);
  }
}
