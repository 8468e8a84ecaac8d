import { expect, it } from 'vitest';
import type { AppProcess } from '../harness/app-process.js';
import { ledgerNow } from '../harness/ledger.js';
import type { Behaviour } from '../harness/protocol.js';
import { type Row, rowTimeout, startRow } from '../harness/row.js';
import { describeRow } from '../harness/row-engines.js';

const SHUTDOWN_MS = 2_000;
const ABORT_MS = 1_000;
/** Closing connections, and the tests' own slowness on a busy machine. */
const SLACK_MS = 4_000;

/** By label: what the handlers of a row do, and how many there are. */
const HANDLERS: Record<string, { count: number; behaviour: Behaviour }> = {
  quick: { count: 20, behaviour: { does: 'work', ms: 1_000 } },
  aware: { count: 15, behaviour: { does: 'obey' } },
  stubborn: { count: 15, behaviour: { does: 'work', ms: 60_000 } },
};

const TOTAL = Object.values(HANDLERS).reduce((sum, { count }) => sum + count, 0);

describeRow('SIGTERM', (engine) => {
  it(
    'finishes or gives back every job within the budget',
    async () => {
      const row = startRow('SIGTERM', engine);
      const { producer, worker } = await startJobs(row, SHUTDOWN_MS);

      const askedAt = ledgerNow();
      worker.mayDie = true;
      worker.signal('SIGTERM');
      const exit = await worker.exited;
      const tookMs = exit.at - askedAt;

      const jobs = [...(await row.stored(producer)).values()];
      const burned = jobs.filter(
        ({ attemptsMade, state }) => state !== 'completed' && attemptsMade > 0,
      );
      const states = statesByKind(jobs);
      row.ledger.refresh();
      const closed = [...row.ledger.of('ended'), ...row.ledger.of('aborted')].filter(
        (e) => !e.dbOpen,
      );
      row.print(
        `${TOTAL} jobs, gone after ${tookMs} ms (budget ${SHUTDOWN_MS + ABORT_MS}), quick: ` +
          `${states.quick}; aware: ${states.aware}; stubborn: ${states.stubborn}; attempts burned ` +
          `${burned.length}; found the database closed ${closed.length}`,
      );
      expect(exit.signal ?? exit.code).toBe('SIGTERM');
      expect(tookMs).toBeLessThan(SHUTDOWN_MS + ABORT_MS + SLACK_MS);
      expect(states).toEqual({
        quick: 'completed 20',
        aware: 'waiting 15',
        stubborn: 'waiting 15',
      });
      expect(burned).toEqual([]);
      expect(closed).toEqual([]);
      const reasons = new Set(row.ledger.of('aborted').map(({ reason }) => reason));
      expect([...reasons]).toEqual(['ShutdownError']);

      // What was given back is run by the next process at once, as a first attempt.
      await row.start({ options: { defaults: { concurrency: TOTAL } }, finishAtOnce: true });
      const ok = () =>
        new Set(row.ledger.of('ended').flatMap((end) => (end.ok ? [end.label] : [])));
      await row.until('the jobs that were given back have run', () => ok().size === TOTAL, 20_000);
      expect(new Set(row.ledger.of('started').map(({ attempt }) => attempt))).toEqual(new Set([1]));
    },
    rowTimeout(60_000, 60_000),
  );
});

describeRow('second SIGTERM', (engine) => {
  it(
    'cuts the shutdown short',
    async () => {
      const row = startRow('second SIGTERM', engine);
      const { producer, worker } = await startJobs(row, 60_000);

      const askedAt = ledgerNow();
      worker.mayDie = true;
      worker.signal('SIGTERM');
      const quickJobs = HANDLERS.quick!.count;
      await row.until(
        'jobs go on after the signal',
        () => row.ledger.of('ended').length === quickJobs,
        10_000,
      );
      expect(row.ledger.of('aborted')).toEqual([]);
      worker.signal('SIGTERM');
      const secondAt = ledgerNow();
      const exit = await worker.exited;

      const jobs = [...(await row.stored(producer)).values()];
      const states = statesByKind(jobs);
      row.print(
        `${TOTAL} jobs, gone ${exit.at - secondAt} ms after the second signal, ` +
          `${exit.at - askedAt} ms after the first (budget without it 61 s)`,
      );
      expect(exit.at - secondAt).toBeLessThan(ABORT_MS + SLACK_MS);
      expect(states).toEqual({
        quick: 'completed 20',
        aware: 'waiting 15',
        stubborn: 'waiting 15',
      });
      expect(
        jobs.filter(({ attemptsMade, state }) => state !== 'completed' && attemptsMade > 0),
      ).toEqual([]);
    },
    rowTimeout(60_000, 60_000),
  );
});

async function startJobs(
  row: Row,
  shutdownTimeout: number,
): Promise<{ producer: AppProcess; worker: AppProcess }> {
  const [producer, worker] = await Promise.all([
    row.startProducer(),
    row.start({
      options: { shutdownTimeout, abortTimeout: ABORT_MS, defaults: { concurrency: TOTAL } },
    }),
  ]);
  // The quick ones last, so that they still run when all others do.
  for (const label of ['stubborn', 'aware', 'quick']) {
    await producer.call('enqueue', { label, ...HANDLERS[label]! });
  }
  await row.until('all jobs run', () => row.startedCount() === TOTAL, 10_000);
  return { producer, worker };
}

/** `{ quick: 'completed 20', … }` */
function statesByKind(jobs: readonly { label: string; state: string }[]): Record<string, string> {
  const kinds = Object.groupBy(jobs, ({ label }) => label.split('-')[0]!);
  return Object.fromEntries(
    Object.entries(kinds).map(([kind, list]) => {
      const states = Object.entries(Object.groupBy(list!, ({ state }) => state));
      return [kind, states.map(([state, some]) => `${state} ${some!.length}`).join(', ')];
    }),
  );
}
