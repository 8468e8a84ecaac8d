import { Injectable } from '@nestjs/common';
import { Job, JobContext, type JobsModuleOptions } from 'nestjs-jobs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

@Injectable()
class Patient {
  constructor(private readonly context: JobContext) {}

  @Job({ timeout: '60 days', rateLimit: { key: () => 'all', max: 5, per: '60 days' } })
  async work(): Promise<string> {
    await this.context.extend('60 days');
    return 'done';
  }
}

/** Node fires timers beyond 24.8 days at once, with a warning. */
const warnings: string[] = [];
const hear = ({ name, message }: Error) => void warnings.push(`${name}: ${message}`);

describeEngines('durations that are longer than a timer of Node', (engine) => {
  beforeEach(() => {
    warnings.length = 0;
    process.on('warning', hear);
  });
  afterEach(() => void process.off('warning', hear));

  it('are kept in full, wherever one can be given', async () => {
    const app = await createJobsApp(engine, {
      providers: [Patient],
      options: {
        connectTimeout: '40 days',
        enqueueTimeout: '50 days',
        shutdownTimeout: '60 days',
        abortTimeout: '70 days',
        unknownNameTimeout: '80 days',
        lock: { duration: '400 days', sweep: '24 days' },
        queues: { default: { rateLimit: { max: 100, per: '90 days' } } },
      },
    });
    const handle = await app.jobs.enqueue(Patient, (s) => s.work());
    expect(await handle.result({ timeout: '100 days' })).toBe('done');
    const later = await app.jobs.schedule(Patient, (s) => s.work(), { delay: '36000 days' });
    expect(await later.state()).toBe('delayed');
    const batch = await app.jobs.batch((b) => b.enqueue(Patient, (s) => s.work()));
    expect(await batch.finished({ timeout: '100 days' })).toMatchObject({ completed: 1 });
    await app.close();
    // Warnings are told of in a later turn.
    await new Promise(setImmediate);
    expect(warnings).toEqual([]);
  });

  it.each<[JobsModuleOptions, RegExp]>([
    [{ lock: { sweep: '25 days' } }, /"sweep" expected .* at most 24 days/],
    [{ connectTimeout: '36600 days' }, /"connectTimeout" expected a duration/],
    [{ connectTimeout: 1e300 }, /at most 100 years, got 1e\+300/],
  ])('are refused where a driver or a store cannot keep them: %j', async (options, message) => {
    await expect(createJobsApp(engine, { options })).rejects.toThrow(message);
  });
});
