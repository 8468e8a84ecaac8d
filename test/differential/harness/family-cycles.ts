import { parseJobKey, PREFIX, type QueueName } from './recorded-call.js';
import type { Side } from './side.js';

/** Whether a job, or one below it in its tree of children, is its own descendant. */
export async function isInCycle(
  side: Side,
  queue: QueueName,
  jobId: string,
  ancestors: readonly string[] = [],
): Promise<boolean> {
  const name = `${queue}:${jobId}`;
  if (ancestors.includes(name)) return true;
  const { processed, unprocessed, failed, ignored } = await side
    .queue(queue)
    .getDependencies(jobId, {});
  const keys = [processed, unprocessed, failed, ignored].flatMap((children) =>
    Array.isArray(children) ? (children as string[]) : Object.keys(children ?? {}),
  );
  for (const key of keys) {
    const child = parseJobKey(key.replace(side.prefix, PREFIX));
    if (child && (await isInCycle(side, child.queue, child.jobId, [...ancestors, name])))
      return true;
  }
  return false;
}
