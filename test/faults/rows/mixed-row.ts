import { setTimeout as delay } from 'node:timers/promises';
import type { EngineFixture } from '../../support/engines.js';
import { storedRows } from '../../support/stored-rows.js';
import { dueTimes } from './tick-account.js';
import type { AppProcess } from '../harness/app-process.js';
import type { RecurringConfig } from '../harness/protocol.js';
import type { Row, RowAppOptions } from '../harness/row.js';

const EVERY_MS = 1_000;

/** By then everything has ended that can, a killed process's jobs included. */
const END_MS = 120_000;

/** By then a ticket has gone whose job was never stored, which is looked at after a minute. */
const EMPTY_MS = 180_000;

/** The options of every process of a mixed load. */
export const MIXED: RowAppOptions = {
  mixed: true,
  options: {
    lock: { duration: 8_000, sweep: 1_000 },
    defaults: { concurrency: 10, removeOnComplete: { age: '5s' }, removeOnFail: { age: '5s' } },
  },
};

/**
 * What stays, once for a queue, an application or a process that lives: settings, counters,
 * clients, the log of events, and Redis' index of values, which are rows of their own.
 */
const STANDING: readonly RegExp[] = [
  /:x:(starts:last|turns:last|keys|expiry|kv:form)$/,
  /:(id|meta|events|pc|marker|stalled-check)$/,
  /^(queue|queue_meta|meta|relay_counter|event|client) /,
  /^(coordination_value|jobs_kv) .*"key":"form"/,
];

/** The recurring job of a mixed load. */
export const EACH_SECOND: RecurringConfig = {
  id: 'each-second',
  recurrence: { every: EVERY_MS },
  overlap: 'allow',
  misfire: 'fire-all',
};

/** Waits until all jobs have ended. @returns those that have not in time, by their states */
export async function ended(row: Row, observer: AppProcess): Promise<Record<string, number>> {
  for (const deadline = performance.now() + END_MS; ; await delay(500)) {
    row.refuseDeaths();
    const left = await observer.call('live', undefined);
    if (sum(left) === 0 || performance.now() > deadline) return left;
  }
}

/** Waits until nothing is left that does not go by itself. @returns what is left in the end */
export async function rowsLeft(
  row: Row,
  observer: AppProcess,
  engine: EngineFixture,
): Promise<string[]> {
  for (const deadline = performance.now() + EMPTY_MS; ; await delay(1_000)) {
    row.refuseDeaths();
    await observer.call('sweep', undefined);
    const rows = await storedRows(engine, row.isolation);
    const left = rows.filter(
      ({ text, expires }) => !expires && !STANDING.some((standing) => standing.test(text)),
    );
    if (left.length === 0 || performance.now() > deadline) return left.map(({ text }) => text);
  }
}

/** Counts ticks from the first one that ran to the last. */
export function checkTicks(row: Row): { due: number; missed: number; twice: number } {
  const due = new Set(dueTimes(row, EACH_SECOND.id));
  const missed = (Math.max(...due) - Math.min(...due)) / EVERY_MS + 1 - due.size;
  const ticks = row.ledger.of('started').filter(({ label }) => label.startsWith(EACH_SECOND.id));
  return { due: due.size, missed, twice: new Set(ticks.map(({ jobId }) => jobId)).size - due.size };
}

export function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
