import { describeBatch, isCancellation } from '../errors/index.js';
import type { HubQueue } from '../hubs/index.js';
import { restoreValue } from '../payload/index.js';
import type { BatchProgress, BatchResult } from './batch.js';
import { fromStoredSummary, type BatchHubJob } from './stored-batch.js';

/** Children that are read at once. */
const PAGE = 1_000;

/**
 * How many children of a hub have ended, and how.
 *
 * BullMQ keeps in the parent what each child told it at its end, whatever becomes of the child. A
 * child that was removed before its end has told nothing: it is missing.
 * @internal
 */
export async function tallyOf(hub: BatchHubJob, hubs: HubQueue): Promise<BatchProgress> {
  const { total, nested } = hub.data;
  const counts = await hub.getDependenciesCount();
  const pending = counts.unprocessed ?? 0;
  let completed = counts.processed ?? 0;
  let failed = counts.ignored ?? 0;
  let cancelled = Math.max(0, total - completed - failed - pending);
  if (failed > 0) {
    for await (const [key, error] of childrenOf(hub, 'ignored')) {
      if (!isCancellation(String(error), hubs.childOf(key))) continue;
      failed -= 1;
      cancelled += 1;
    }
  }
  if (nested > 0) {
    for await (const [key, value] of childrenOf(hub, 'processed')) {
      if (!hubs.childOf(key).isHub) continue;
      const { state } = fromStoredSummary(value);
      if (state !== 'completed') completed -= 1;
      if (state === 'failed') failed += 1;
      if (state === 'cancelled') cancelled += 1;
    }
  }
  return { total, completed, failed, cancelled, pending };
}

/** The results and errors that the children of a hub told it at their ends. @internal */
export async function* resultsOf(hub: BatchHubJob, hubs: HubQueue): AsyncGenerator<BatchResult> {
  for await (const [key, value] of childrenOf(hub, 'processed')) {
    const { queue, id, isHub } = hubs.childOf(key);
    if (isHub) yield nestedResult(id, value);
    else yield { queue, id, state: 'completed', result: restoreValue(value) };
  }
  for await (const [key, value] of childrenOf(hub, 'ignored')) {
    const { queue, id } = hubs.childOf(key);
    const error = String(value);
    const isCancelled = isCancellation(error, { queue, id });
    yield { queue, id, state: isCancelled ? 'cancelled' : 'failed', error };
  }
}

/** The children of a hub that have not ended. @internal */
export async function pendingOf(hub: BatchHubJob): Promise<readonly string[]> {
  // All at once: pages of a set from which others take while it is read leave some out.
  const { unprocessed = [] } = await hub.getDependencies();
  return unprocessed;
}

async function* childrenOf(
  hub: BatchHubJob,
  kind: 'processed' | 'ignored',
): AsyncGenerator<[key: string, value: unknown]> {
  let cursor = 0;
  do {
    const page = await hub.getDependencies({ [kind]: { cursor, count: PAGE } });
    yield* Object.entries(page[kind] ?? {});
    cursor = (kind === 'processed' ? page.nextProcessedCursor : page.nextIgnoredCursor) ?? 0;
  } while (cursor !== 0);
}

function nestedResult(id: string, value: unknown): BatchResult {
  const summary = fromStoredSummary(value);
  const { state, failed, cancelled, total } = summary;
  if (state === 'completed') return { queue: undefined, id, state, result: summary };
  const error = `${describeBatch(summary)}: jobs: ${total}, failed: ${failed}, cancelled: ${cancelled}.`;
  return { queue: undefined, id, state, error };
}
