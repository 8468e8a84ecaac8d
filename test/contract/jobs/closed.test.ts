import { Injectable } from '@nestjs/common';
import { Job, StoreUnavailableError, type JobScheduler } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

@Injectable()
class Work {
  @Job()
  run(n: number): number {
    return n;
  }

  @Job({ concurrency: { key: (n: number) => n } })
  inTurn(n: number): number {
    return n;
  }
}

describeEngines('after the application was closed', (engine) => {
  it.each<[string, (jobs: JobScheduler) => Promise<unknown>]>([
    ['enqueue()', (jobs) => jobs.enqueue(Work, (s) => s.run(1))],
    ['enqueue() with an id', (jobs) => jobs.enqueue(Work, (s) => s.run(1), { id: 'own' })],
    ['enqueue() with a concurrency key', (jobs) => jobs.enqueue(Work, (s) => s.inTurn(1))],
    [
      'enqueue() with an idempotency key',
      (jobs) => jobs.enqueue(Work, (s) => s.run(1), { idempotencyKey: 'k' }),
    ],
    ['schedule()', (jobs) => jobs.schedule(Work, (s) => s.run(1), { delay: '1 h' })],
    ['enqueueByName()', (jobs) => jobs.enqueueByName('Elsewhere.run', [1], { queue: 'new' })],
    ['batch()', (jobs) => jobs.batch((b) => b.enqueue(Work, (s) => s.run(1)))],
    [
      'chain()',
      (jobs) =>
        jobs
          .chain()
          .then(Work, (s) => s.run(1))
          .then(Work, (s) => s.run(2))
          .enqueue(),
    ],
    [
      'recurring.addOrUpdate()',
      (jobs) => jobs.recurring.addOrUpdate('r', Work, (s) => s.run(1), { every: '1 h' }),
    ],
    ['cancel()', (jobs) => jobs.cancel({ queue: 'default', id: 'a-job' })],
    ['get()', (jobs) => jobs.get({ queue: 'default', id: 'a-job' })],
  ])('%s is refused at once, and says that nothing was stored', async (_what, act) => {
    const app = await createJobsApp(engine, { providers: [Work] });
    await app.close();
    const start = performance.now();
    const error = await act(app.jobs).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    // The usual time that a lost store is waited for is 5 s.
    expect(performance.now() - start).toBeLessThan(2_500);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect((error as Error).message).toMatch(/the application is closed.* Nothing was changed/);
  });

  it('each job of enqueueMany() is refused', async () => {
    const app = await createJobsApp(engine, { providers: [Work] });
    await app.close();
    const outcomes = await app.jobs.enqueueMany(Work, [1, 2], (s, n) => s.run(n));
    for (const outcome of outcomes)
      expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(StoreUnavailableError);
  });
});
