import { performance } from 'node:perf_hooks';
import { QUEUE } from '../subjects/index.js';
import type { Scenario, Work } from './scenario.js';

/**
 * Recurring jobs that are registered, and then registered again although nothing has changed, as
 * each boot of an application does it. For the module, both are whole boots of an application with
 * as many decorators.
 */
export const recurringScenario: Scenario = {
  name: 'recurring',
  summary: 'register recurring jobs (half of --jobs), then once more with nothing changed',
  compares: 'throughput',
  isLong: true,
  rounds: 1,
  share: 1 / 2,

  async run(work) {
    const { jobs, meter } = work;
    const register = work.contestant === 'jobs' ? bootOnce : upsertOnce;
    await meter.during(() => register(work));
    const againAt = performance.now();
    await register(work);
    const againMs = performance.now() - againAt;
    return { ...(await meter.sample(jobs)), againMs };
  },
};

async function bootOnce({ jobs, engine, isolation }: Work): Promise<void> {
  const { bootRecurring } = await import('../boot/recurring.app.js');
  const app = await bootRecurring(jobs, engine, isolation);
  await app.close();
}

async function upsertOnce({ jobs, engine, isolation }: Work): Promise<void> {
  const { upsertSchedulers } = await import('../boot/recurring.app.js');
  const bullmq = await engine.openBullmq(isolation);
  const queue = bullmq.queue(QUEUE);
  await upsertSchedulers(jobs, queue);
  await queue.close();
  await bullmq.close();
}
