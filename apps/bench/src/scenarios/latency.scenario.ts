import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Scenario } from './scenario.js';
import { assertWaiting, openSubject } from './subject-session.js';

/** Between two jobs, so that the worker is idle and waits when the next one comes. */
const PAUSE_MS = 2;

/**
 * One job at a time: from the call of enqueue to the start of its handler, in one process whose
 * worker is idle.
 */
export const latencyScenario: Scenario = {
  name: 'latency',
  summary: "from the call of enqueue to the handler's start, idle worker (1/20 of --jobs a round)",
  compares: 'latency',
  rounds: 9,
  share: 1 / 20,

  async run(work) {
    const { jobs, warmUp, meter } = work;
    let arrived: ((index: number) => void) | undefined;
    const subject = await openSubject(work, (index) => arrived?.(index));
    /** @returns how long it took from the call of enqueue to the handler, in ms */
    const runJob = async (index: number): Promise<number> => {
      const { promise: started, resolve } = Promise.withResolvers<number>();
      arrived = () => resolve(performance.now());
      const calledAt = performance.now();
      const [, startedAt] = await Promise.all([subject.enqueue(index), started]);
      await pause(PAUSE_MS);
      return startedAt - calledAt;
    };
    for (let i = 0; i < warmUp; i++) await runJob(i);
    await meter.during(async () => {
      for (let i = 0; i < jobs; i++) meter.note(await runJob(i));
    });
    const sample = await meter.sample(jobs);
    await subject.close();
    await assertWaiting(work, 0);
    return sample;
  },
};
