import { performance } from 'node:perf_hooks';
import type { BootApp } from '../boot/boot-app.js';
import type { Contestant, Scenario } from './scenario.js';

/**
 * A Nest application with 500 handlers on 20 queues is created and initialised, once a process,
 * with nothing loaded or compiled before: with the module, with BullMQ by hand, and with neither.
 */
export const bootScenario: Scenario = {
  name: 'boot',
  summary: 'a Nest app with 500 handlers on 20 queues: ms added to the same app without them',
  compares: 'boot',
  rounds: 9,
  share: 0,

  async run({ contestant, engine, isolation, meter }) {
    const beforeLoad = performance.now();
    const boot = await load(contestant);
    const loadMs = performance.now() - beforeLoad;
    let app: Awaited<ReturnType<BootApp>> | undefined;
    await meter.during(async () => {
      app = await boot(engine, isolation);
    });
    const sample = await meter.sample(1);
    const residentMb = residentMemory();
    const connectionMs = await connectionTime(() => engine.connectOnce());
    await app?.close();
    return { ...sample, loadMs, connectionMs, residentMb };
  },
};

async function load(contestant: Contestant): Promise<BootApp> {
  if (contestant === 'jobs') return (await import('../boot/jobs.app.js')).bootJobs;
  if (contestant === 'bullmq') return (await import('../boot/bullmq.app.js')).bootBullmq;
  return (await import('../boot/plain.app.js')).bootPlain;
}

/** The second of two, since the first one loads the driver. */
async function connectionTime(connect: () => Promise<void>): Promise<number> {
  await connect();
  const start = performance.now();
  await connect();
  return performance.now() - start;
}

function residentMemory(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
}
