import type { Scenario } from './scenario.js';
import { assertWaiting, enqueueInBulk, openSubject } from './subject-session.js';

/**
 * A queue that was filled before is drained by one process. The clock runs from the call of the
 * handler with the last job of the warm-up to its last call, so neither boot nor shutdown is in it.
 * Afterwards the store must hold no unfinished and no failed job.
 */
export const processScenario: Scenario = {
  name: 'process',
  summary: 'a full queue drained by one process at --concurrency, no-op handler',
  compares: 'throughput',
  rounds: 9,
  share: 1,

  async run(work) {
    const { jobs, warmUp, meter } = work;
    const total = warmUp + jobs;
    const producer = await openSubject(work);
    await enqueueInBulk(producer, total);
    await producer.close();

    await meter.prepare();
    const { promise: drained, resolve } = Promise.withResolvers<void>();
    let handled = 0;
    const consumer = await openSubject(work, () => {
      handled += 1;
      if (handled === warmUp) meter.start();
      if (handled < total) return;
      meter.stop();
      resolve();
    });
    await drained;
    const sample = await meter.sample(jobs);
    await consumer.close();
    if (handled !== total)
      throw new Error(`expected ${total} calls of the handler, got ${handled}`);
    await assertWaiting(work, 0);
    return sample;
  },
};
