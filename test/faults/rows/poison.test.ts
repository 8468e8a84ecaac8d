import { expect, it } from 'vitest';
import { type Row, type RowAppOptions, rowTimeout, startRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';
import { describeRow } from '../harness/row-engines.js';

const MAX_STALLS = LONG ? 5 : 2;
const LOCK = { duration: 1_000, sweep: 300, maxStalls: MAX_STALLS };
const OTHERS = LONG ? 500 : 40;

/** A job that ends its process, in a fleet whose supervisor starts a new one each time. */
describeRow('poison', (engine) => {
  it(
    'stops a job that kills its process, and harms no other job',
    async () => {
      const row = startRow('poison', engine);
      const producer = await row.startProducer();
      const fleet = supervise(row, 2, { options: { lock: LOCK, defaults: { concurrency: 2 } } });
      await producer.call('enqueue', { label: 'poison', count: 1, behaviour: { does: 'exit' } });
      await producer.call('enqueue', {
        label: 'other',
        count: OTHERS,
        behaviour: { does: 'work', ms: [50, 150] },
        seed: row.random.int(0, 1e9),
        lanes: 2,
        pauseMs: 50,
      });

      const jobs = async () => [...(await row.stored(producer)).values()];
      const isOver = async () =>
        (await jobs()).every(({ state }) => state === 'completed' || state === 'failed');
      await row.until('all jobs are settled', isOver, 60_000);
      fleet.close();
      const completed = (await jobs()).filter(({ state }) => state === 'completed');
      const poison = (await jobs()).find(({ label }) => label === 'poison-0');
      row.print(
        `maxStalls ${MAX_STALLS}, deaths ${fleet.deaths}, others completed ${completed.length} of ` +
          `${OTHERS}, stored reason "${poison?.failedReason}"`,
      );
      expect(poison?.state).toBe('failed');
      expect(fleet.deaths).toBe(MAX_STALLS + 1);
      const runs = row.ledger.of('started').filter(({ label }) => label === 'poison-0');
      expect(runs).toHaveLength(MAX_STALLS + 1);
      expect(completed).toHaveLength(OTHERS);
    },
    rowTimeout(90_000, 300_000),
  );

  // Jobs that take longer than the poison needs are in flight at its first deaths and come back
  // with it. From the second on they run one at a time, so the poison dies alone. One stall is to
  // spare for a job that is being claimed, and would be postponed, in the very moment of a death.
  it(
    'does not fail the jobs that share its process each time',
    async () => {
      const row = startRow('poison among long jobs', engine);
      const producer = await row.startProducer();
      const behaviour = { does: 'work', ms: 2 * LOCK.duration } as const;
      await producer.call('enqueue', { label: 'other', count: 4, behaviour });
      await producer.call('enqueue', { label: 'poison', count: 1, behaviour: { does: 'exit' } });
      const lock = { ...LOCK, maxStalls: MAX_STALLS + 1 };
      const fleet = supervise(row, 1, { options: { lock, defaults: { concurrency: 5 } } });

      const jobs = async () => [...(await row.stored(producer)).values()];
      const isOver = async () =>
        (await jobs()).every(({ state }) => state === 'completed' || state === 'failed');
      await row.until('all jobs are settled', isOver, 60_000);
      fleet.close();
      const failed = (await jobs()).filter(({ state }) => state === 'failed');
      row.print(
        `maxStalls ${lock.maxStalls}, deaths ${fleet.deaths}, others failed ${failed.length - 1}`,
      );
      expect(failed.map(({ label }) => label)).toEqual(['poison-0']);
    },
    rowTimeout(90_000, 300_000),
  );
});

/** Keeps a number of workers running until it is closed. */
function supervise(row: Row, workers: number, app: RowAppOptions) {
  const fleet = { deaths: 0, isOpen: true, close: () => void (fleet.isOpen = false) };
  const keepOne = async (): Promise<void> => {
    // Far more deaths than there may be: something else is wrong, and a loop of crashes helps
    // nobody.
    while (fleet.isOpen && fleet.deaths < 3 * (MAX_STALLS + 1)) {
      const worker = row.fork(app);
      // May be dead before it was ready: it starts to work a moment earlier.
      worker.mayDie = true;
      await worker.exited;
      if (fleet.isOpen) fleet.deaths++;
    }
  };
  for (let n = 0; n < workers; n++) void keepOne();
  return fleet;
}
