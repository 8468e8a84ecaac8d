import type { Scenario } from './scenario.js';
import { assertWaiting, BULK_SIZE, enqueueInBulk, openSubject } from './subject-session.js';

/** An import or a nightly run that enqueues many jobs in one call. */
export const bulkScenario: Scenario = {
  name: 'bulk',
  summary: `enqueueMany against addBulk, ${BULK_SIZE} jobs in a call, one call at a time`,
  compares: 'throughput',
  rounds: 5,
  share: 1,

  async run(work) {
    const subject = await openSubject(work);
    await enqueueInBulk(subject, work.warmUp);
    await work.meter.during(() => enqueueInBulk(subject, work.jobs));
    const sample = await work.meter.sample(work.jobs);
    await subject.close();
    await assertWaiting(work, work.warmUp + work.jobs);
    return sample;
  },
};
