import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { violations } from '../harness/checker.js';
import { ledgerNow } from '../harness/ledger.js';
import { rowTimeout, startRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';
import { describeRow } from '../harness/row-engines.js';

const LOCK = { duration: 2_000, sweep: 500 };
const PAUSE_MS = LONG ? 8_000 : 4_000;
const JOBS = LONG ? 40 : 10;

/** Long enough for another process to start, and to find the job abandoned. */
const COMPUTE_MS = 12_000;

/**
 * A process that pauses for longer than its locks (a long collection, a laptop's lid) and goes on
 * as if nothing had happened, while others have run its jobs. Half of its handlers end the moment
 * it wakes, before it can know that its locks are lost; the other half wait for their signal, and
 * then return as if it had not aborted.
 */
describeRow('SIGSTOP', (engine) => {
  it(
    'fences a process that paused for longer than its locks',
    async () => {
      const row = startRow('SIGSTOP', engine);
      const options = { lock: LOCK, defaults: { concurrency: JOBS } };
      const [producer, sleeper] = await Promise.all([row.startProducer(), row.start({ options })]);
      const enqueue = (
        label: string,
        behaviour: { does: 'work'; ms: number } | { does: 'return-late' },
      ) => producer.call('enqueue', { label, count: JOBS / 2, behaviour });
      // Ends in the middle of the pause, by the clock: its timers are overdue when it wakes.
      await Promise.all([
        enqueue('ending', { does: 'work', ms: PAUSE_MS - 500 }),
        enqueue('waiting', { does: 'return-late' }),
      ]);
      await row.until('all jobs run', () => row.startedCount() === JOBS, 10_000);

      const stoppedAt = ledgerNow();
      sleeper.signal('SIGSTOP');
      const other = await row.start({ options, finishAtOnce: true });
      const rerun = () => row.ledger.of('started').filter(({ pid }) => pid === other.pid);
      await row.until('all jobs run elsewhere', () => rerun().length === JOBS, 20_000);
      await delay(Math.max(0, stoppedAt + PAUSE_MS - ledgerNow()));
      sleeper.signal('SIGCONT');
      row.noteFault('pause', sleeper, stoppedAt, ledgerNow());

      const late = () => row.ledger.of('ended').filter(({ pid }) => pid === sleeper.pid);
      await row.until(
        'all handlers of the sleeper have ended',
        () => late().length === JOBS,
        20_000,
      );
      // What ended last must have had time to be (wrongly) stored: the sleeper works on as before.
      await other.kill();
      await producer.call('enqueue', {
        label: 'after',
        count: 1,
        behaviour: { does: 'work', ms: 0 },
      });
      const verdict = await row.settled(producer, 20_000);

      const firstRuns = new Set(late().map(({ run }) => run));
      const stored = row.ledger.of('stored');
      const lateAccepted = stored.filter(
        ({ label, result }) => !label.startsWith('after') && firstRuns.has(result as string),
      );
      const aborts = row.ledger.of('aborted').filter(({ pid }) => pid === sleeper.pid);
      const sawLockLost = aborts.filter(({ reason }) => reason === 'LockLostError');
      row.print(
        `${JOBS} jobs, run elsewhere ${rerun().length}, late settles accepted ${lateAccepted.length}, ` +
          `signals aborted with LockLostError ${sawLockLost.length} (others ${aborts.length - sawLockLost.length})`,
      );
      expect(violations(verdict)).toEqual([]);
      expect(lateAccepted).toEqual([]);
      expect(aborts.length - sawLockLost.length).toBe(0);
      const waiting = new Set(
        sawLockLost.map(({ label }) => label).filter((l) => l.startsWith('waiting')),
      );
      expect(waiting.size).toBe(JOBS / 2);
    },
    rowTimeout(60_000, 120_000),
  );
});

/** Another process takes a job whose own one cannot answer; the log says why. */
describeRow('a handler that computes for longer than its lock', (engine) => {
  it(
    'loses its job to another process, and the log says that the event loop was blocked',
    async () => {
      const row = startRow('computing', engine);
      const options = { lock: { duration: 1_000, sweep: 250 } };
      const [producer, computer] = await Promise.all([row.startProducer(), row.start({ options })]);
      const from = ledgerNow();
      const behaviour = { does: 'compute', ms: COMPUTE_MS } as const;
      await producer.call('enqueue', { label: 'computed', count: 1, behaviour });
      await row.until('it computes', () => row.startedCount() === 1, 10_000);
      const other = await row.start({ options, finishAtOnce: true });
      const ends = () => row.ledger.of('ended');
      await row.until('both have run it', () => ends().length === 2, 40_000);
      row.noteFault('pause', computer, from, ledgerNow());
      const told = /lost its lock, since the event loop was blocked for \d+(\.\d)? s/;
      await row.until('the log says why', () => told.test(computer.description), 10_000);
      const verdict = await row.settled(producer, 20_000);
      row.print(`computed for ${COMPUTE_MS} ms under a lock of 1000 ms, runs ${ends().length}`);
      expect(violations(verdict)).toEqual([]);
      const [stored] = row.ledger.of('stored');
      expect(stored?.result).toBe(ends().find(({ pid }) => pid === other.pid)?.run);
    },
    rowTimeout(90_000, 90_000),
  );
});
