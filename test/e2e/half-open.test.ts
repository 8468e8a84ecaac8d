import { Injectable } from '@nestjs/common';
import { Job, JobsHealth } from 'nestjs-jobs';
import { expect, it, onTestFinished } from 'vitest';
import { TcpProxy } from '../faults/harness/proxy.js';
import { describeEnginesWith } from '../support/engines.js';
import { createJobsApp, signal } from '../support/jobs-app.js';

@Injectable()
class Work {
  readonly started = signal();
  readonly gate = signal();

  @Job()
  quick(value: number): number {
    return value;
  }

  @Job()
  async held(): Promise<string> {
    this.started.resolve();
    await this.gate.promise;
    return 'held';
  }
}

/** From the moment that the network works again. */
const RECOVERY_MS = 45_000;

/**
 * A router that forgot the connections, a peer that lost its power: nothing closes them, nothing
 * answers on them, and only new ones work. No error event will ever tell the worker.
 */
describeEnginesWith(
  'sharedAcrossMachines',
  'connections that are dead and look alive',
  (engine) => {
    it('are noticed by themselves: jobs run again', { timeout: 120_000 }, async () => {
      const proxy = await TcpProxy.start(engine.url);
      onTestFinished(() => proxy.stop());
      const producer = await createJobsApp(engine, {
        providers: [Work],
        options: { workers: false },
      });
      const worker = await createJobsApp(engine, {
        providers: [Work],
        isolation: producer.isolation,
        options: {
          connection: proxy.urlFor(engine.url),
          shutdownTimeout: 1_000,
          // Quick, so that what is waited for is that the worker notices.
          lock: { duration: '5s', sweep: '1s' },
        },
      });
      expect(await (await producer.jobs.enqueue(Work, (s) => s.quick(1))).result()).toBe(1);
      const running = await producer.jobs.enqueue(Work, (s) => s.held());
      const { started, gate } = worker.module.get(Work);
      await started.promise;

      await proxy.setMode('black-hole');
      const waiting = await producer.jobs.enqueue(Work, (s) => s.quick(2));
      gate.resolve();
      const health = await worker.module.get(JobsHealth).check({ timeout: 200 });
      expect(health).toMatchObject({ healthy: false });
      expect(await waiting.state()).toBe('waiting');
      await proxy.setMode('pass');

      const timeout = RECOVERY_MS;
      expect(await waiting.result({ timeout })).toBe(2);
      // Its handler finished while nobody could be told: stored late, or run once more.
      expect(await running.result({ timeout })).toBe('held');
      // What is repaired now and then has failed meanwhile: it is looked at again, and the server's
      // record written.
      await expect
        .poll(() => worker.module.get(JobsHealth).check(), { timeout })
        .toMatchObject({ healthy: true });
    });
  },
);
