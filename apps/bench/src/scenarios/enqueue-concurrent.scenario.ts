import type { Scenario } from './scenario.js';
import { assertWaiting, openSubject } from './subject-session.js';

/** Many callers, such as requests of a busy server, each of which awaits its own enqueues. */
export const enqueueConcurrentScenario: Scenario = {
  name: 'enqueue-concurrent',
  summary: '--concurrency callers, each awaiting its own enqueues',
  compares: 'throughput',
  rounds: 9,
  share: 1,

  async run(work) {
    const subject = await openSubject(work);
    await callConcurrently(work.concurrency, work.warmUp, (index) => subject.enqueue(index));
    await work.meter.during(() =>
      callConcurrently(work.concurrency, work.jobs, (index) =>
        work.meter.time(() => subject.enqueue(index)),
      ),
    );
    const sample = await work.meter.sample(work.jobs);
    await subject.close();
    await assertWaiting(work, work.warmUp + work.jobs);
    return sample;
  },
};

/** So many callers share the calls; each makes its next one when the last one is answered. */
async function callConcurrently(
  callers: number,
  calls: number,
  call: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const caller = async () => {
    while (next < calls) await call(next++);
  };
  await Promise.all(Array.from({ length: callers }, caller));
}
