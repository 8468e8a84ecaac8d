import { expect, it } from 'vitest';
import { violations } from '../harness/checker.js';
import { type LedgerEvent, ledgerNow, type LedgerReader } from '../harness/ledger.js';
import { rowTimeout, startRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';
import { describeRow } from '../harness/row-engines.js';

const LOCK = { duration: 1_000, sweep: 300 };
const JOBS = LONG ? 200 : 12;
const KILLS = LONG ? 20 : 1;
const STEPS = { does: 'steps', count: 4, ms: 40 } as const;

type StepEvent = Extract<LedgerEvent, { type: 'step' }>;

/** Steps that were called again after their value was stored, and those that gave two values. */
function faultsOf(events: readonly StepEvent[]): { repeated: string[]; torn: string[] } {
  const stored = new Map<string, string>();
  const repeated: string[] = [];
  const torn: string[] = [];
  for (const { label, step, done, value } of events) {
    const name = `${label}/${step}`;
    const known = stored.get(name);
    if (!done && known !== undefined) repeated.push(name);
    if (done && known !== undefined && known !== value) torn.push(name);
    if (done) stored.set(name, known ?? value);
  }
  return { repeated, torn };
}

/** Jobs that have done a step and have not ended. */
function halfDone(ledger: LedgerReader): string[] {
  const ended = new Set(ledger.of('ended').map(({ label }) => label));
  const begun = ledger.of('step').filter(({ label, done }) => done && !ended.has(label));
  return begun.map(({ label }) => label);
}

describeRow('steps', (engine) => {
  it(
    'are done once, whatever is killed between two of them',
    async () => {
      const row = startRow('steps and kill -9', engine);
      const options = { lock: { ...LOCK, maxStalls: 100 }, defaults: { concurrency: 4 } };
      const [producer, first] = await Promise.all([row.startProducer(), row.start({ options })]);
      await producer.call('enqueue', { label: 'job', count: JOBS, behaviour: STEPS });
      let worker = first;
      const steps = () => row.ledger.of('step');
      const all = JOBS * STEPS.count;
      for (let kill = 0; kill < KILLS; kill++) {
        const when = Math.round((all * (kill + 0.3 + 0.5 * row.random.next())) / KILLS);
        const isDone = () => new Set(steps().map(({ label, step }) => `${label}/${step}`)).size;
        const isEnough = () =>
          isDone() >= Math.min(when, all - 8) && halfDone(row.ledger).length > 0;
        await row.until('some steps are done', isEnough, 30_000);
        await row.kill(worker);
        worker = await row.start({ options });
      }
      const verdict = await row.settled(producer, 60_000);
      const { repeated, torn } = faultsOf(steps());
      const calls = steps().filter(({ done }) => !done).length;
      row.print(
        `${JOBS} jobs of ${STEPS.count} steps, ${KILLS} kills: calls ${calls} for ${all} steps, called again after ` +
          `they were stored ${repeated.length}, two values ${torn.length}`,
      );
      expect(violations(verdict)).toEqual([]);
      expect({ repeated, torn }).toEqual({ repeated: [], torn: [] });
      expect(calls - all).toBeLessThanOrEqual(KILLS * 4);
    },
    rowTimeout(60_000, 300_000),
  );

  it(
    'have one value, also for a run that paused while another did them',
    async () => {
      const row = startRow('steps and SIGSTOP', engine);
      const options = { lock: LOCK };
      const [producer, sleeper] = await Promise.all([row.startProducer(), row.start({ options })]);
      const behaviour = { does: 'steps', count: 2, ms: 500 } as const;
      await producer.call('enqueue', { label: 'job', count: 1, behaviour });
      const steps = () => row.ledger.of('step');
      await row.until('the first step runs', () => steps().length > 0, 10_000);
      const stoppedAt = ledgerNow();
      sleeper.signal('SIGSTOP');
      await row.start({ options });
      const done = (run: 'same' | 'other') =>
        steps().filter((s) => s.done && (s.run === steps()[0]!.run) === (run === 'same'));
      await row.until('another did all steps', () => done('other').length === 2, 20_000);
      sleeper.signal('SIGCONT');
      row.noteFault('pause', sleeper, stoppedAt, ledgerNow());
      await row.until('the sleeper has its first step', () => done('same').length > 0, 10_000);
      const verdict = await row.settled(producer, 20_000);
      const late = done('same').map(({ step, run, value }) => ({ step, own: run === value }));
      row.print(`values of the late run: ${JSON.stringify(late)}`);
      expect(violations(verdict)).toEqual([]);
      expect(faultsOf(steps()).torn).toEqual([]);
      expect(late[0]).toEqual({ step: 0, own: false });
    },
    rowTimeout(60_000, 60_000),
  );
});

describeRow('an idempotency key', (engine) => {
  it(
    'keeps a job from running again whose process died when it was about to complete it',
    async () => {
      const row = startRow('key and death at completion', engine);
      const options = { lock: LOCK };
      const dying = row.fork({ options, diesAtCompletion: true });
      dying.mayDie = true;
      const [producer] = await Promise.all([row.startProducer(), dying.ready()]);
      const behaviour = { does: 'work', ms: 1 } as const;
      await producer.call('enqueue', { label: 'job', count: 1, behaviour, keys: true });
      const { signal, at } = await dying.exited;
      expect(signal).toBe('SIGKILL');
      row.noteFault('kill', dying, at, at);
      await row.start({ options });
      const verdict = await row.settled(producer, 20_000);
      const runs = row.ledger.of('started').length;
      row.print(`runs ${runs}`);
      expect(violations(verdict)).toEqual([]);
      expect(runs).toBe(1);
    },
    rowTimeout(60_000, 60_000),
  );
});
