import type { Scenario } from './scenario.js';
import { assertWaiting, openSubject } from './subject-session.js';

/** One caller, such as a request handler, that awaits each enqueue. */
export const enqueueScenario: Scenario = {
  name: 'enqueue',
  summary: 'one caller that awaits each enqueue (half of --jobs a round)',
  compares: 'throughput',
  rounds: 9,
  share: 1 / 2,

  async run(work) {
    const subject = await openSubject(work);
    for (let i = 0; i < work.warmUp; i++) await subject.enqueue(i);
    await work.meter.during(async () => {
      for (let i = 0; i < work.jobs; i++) await work.meter.time(() => subject.enqueue(i));
    });
    const sample = await work.meter.sample(work.jobs);
    await subject.close();
    await assertWaiting(work, work.warmUp + work.jobs);
    return sample;
  },
};
