import type { Row } from '../harness/row.js';

/** By then the recurring jobs are registered, on a busy machine too. */
export const BOOT_MS = 8_000;

/**
 * When the ticks of a recurring job were due that have started, by what the handlers wrote down.
 */
export function dueTimes(row: Row, id: string): number[] {
  row.ledger.refresh();
  const labels = row.ledger.of('started').map(({ label }) => label.split('@'));
  return labels.flatMap(([recurring, due]) => (recurring === id ? [Number(due)] : []));
}

/**
 * Whether the last tick before the end has started, and every other that was enqueued: they may
 * pass each other.
 */
export function hasRunAll(
  row: Row,
  { id, runs }: { id: string; runs: number },
  endAt: number,
  everyMs: number,
): boolean {
  const due = new Set(dueTimes(row, id));
  return due.size >= runs && Math.max(...due) > endAt - everyMs;
}

/**
 * Counts ticks by what the handlers wrote down: from the first one of each recurring job to its
 * end.
 *
 * A leader that is cut off between enqueueing a tick and noting so leaves it to the next one, which
 * may find it late by then and count it as a misfire. It ran, and once: such ticks are `uncounted`.
 */
export function account(
  row: Row,
  stored: readonly { id: string; runs: number }[],
  endAt: number,
  everyMs: number,
) {
  let [ticks, missed, twice, uncounted] = [0, 0, 0, 0];
  for (const { id, runs } of stored) {
    const due = new Set(dueTimes(row, id));
    const first = Math.min(...due);
    const expected = Math.floor((endAt - first) / everyMs) + 1;
    ticks += due.size;
    missed += expected - due.size;
    twice += Math.max(0, runs - due.size);
    uncounted += Math.max(0, due.size - runs);
  }
  const ids = new Set(stored.map(({ id }) => id));
  const started = row.ledger.of('started').filter(({ label }) => ids.has(label.split('@')[0]!));
  const jobIds = new Set(started.map(({ jobId }) => jobId));
  return {
    ticks,
    missed,
    // One job for each tick, by its id, and no more runs enqueued than there were ticks.
    twice: twice + jobIds.size - ticks,
    uncounted,
    runAgain: started.length - ticks,
  };
}
