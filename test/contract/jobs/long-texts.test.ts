import { Injectable } from '@nestjs/common';
import { Job } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

@Injectable()
class Work {
  @Job()
  async run(): Promise<void> {}

  @Job({ concurrency: { key: (name: string) => name } })
  async limited(_name: string): Promise<void> {}

  @Job({ unique: { key: (name: string) => name } })
  async unique(_name: string): Promise<void> {}

  @Job({ attempts: 1 })
  async fail(message: string): Promise<void> {
    throw new Error(message);
  }
}

/** A request's body can be as long as this, and end up in any option. */
const LONG = 'x'.repeat(1_000_000);

/** Nothing here may take long: each of them held the process for minutes. */
describeEngines('a text of a megabyte', (engine) => {
  it('is refused in whatever option it is given for, in a short message', async () => {
    const { jobs } = await createJobsApp(engine, { providers: [Work] });
    const { recurring } = jobs;
    const enqueueWith = (options: object) => jobs.enqueue(Work, (s) => s.run(), options);
    const text = LONG as never;
    const names = ['id', 'idempotencyKey', 'timeout', 'queue', 'backoff', 'priority', LONG];
    const calls = [
      ...names.map((name) => () => enqueueWith({ [name]: LONG })),
      () => enqueueWith({ unique: { key: 'a', onDuplicate: LONG } }),
      () => jobs.schedule(Work, (s) => s.run(), { delay: LONG }),
      () => jobs.enqueue(Work, (s) => s.limited(LONG)),
      () => jobs.enqueue(Work, (s) => s.unique(LONG)),
      () => jobs.enqueueByName(LONG, []),
      () => jobs.batch((batch) => batch.enqueue(Work, (s) => s.run()), { name: LONG }),
      () => jobs.continueWith(text, Work, (s) => s.run(), { queue: LONG }),
      () => recurring.addOrUpdate(LONG, Work, (s) => s.run(), '@daily'),
      () => recurring.addOrUpdate('r', Work, (s) => s.run(), LONG),
      () => recurring.addOrUpdate('r', Work, (s) => s.run(), '@daily', { timeZone: LONG }),
      () => recurring.pause(LONG),
    ];
    for (const [index, call] of calls.entries()) {
      const fault = await Promise.resolve()
        .then(call as () => unknown)
        .catch((error: unknown) => error);
      expect(fault, `call ${index}`).toBeInstanceOf(Error);
      expect((fault as Error).message.length, `call ${index}`).toBeLessThan(1_500);
    }
  });

  it('is cut in the stored error of a job', async () => {
    const { jobs } = await createJobsApp(engine, { providers: [Work] });
    for (const sign of ['x', '\n']) {
      const handle = await jobs.enqueue(Work, (s) => s.fail(sign.repeat(200_000)));
      await expect(handle.result()).rejects.toThrow('Work.fail');
      const { args: _, ...details } = await handle.details();
      expect(JSON.stringify(details).length).toBeLessThan(30_000);
    }
  });
});
