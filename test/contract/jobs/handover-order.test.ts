import { getQueueToken } from '@nestjs/bullmq';
import type { Type } from '@nestjs/common';
import type { Queue } from 'bullmq';
import type { JobHandle, JobOptions, JobsModuleOptions } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines, type Isolation } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';
import { version } from '../../support/versions.js';

const OLD = { name: 'old.name' } as const;
const NEW = { name: 'new.name', aliases: ['old.name'] } as const;

/** Keys are what stands before the `/`; one job of each at once. */
const concurrency: NonNullable<JobOptions['concurrency']> = {
  key: (call: string) => call.split('/')[0]!,
  limit: 1,
};

describeEngines('jobs of a key, of which a server knows some by name', (engine) => {
  const boot = (type: Type, isolation?: Isolation, options: JobsModuleOptions = {}) =>
    createJobsApp(engine, { providers: [type], options, ...(isolation && { isolation }) });

  const ended = (handles: readonly JobHandle[]) =>
    Promise.all(handles.map((handle) => handle.result({ timeout: 30_000 })));

  /** Versions of one service that note what they run, and what each key is to have. */
  const versions = () => {
    const started: string[] = [];
    const run = async (call?: string) => {
      started.push(call!);
      await new Promise((resolve) => setTimeout(resolve, 2));
    };
    const of = (key: string) => started.filter((call) => call.startsWith(`${key}/`));
    const older = version(run, { ...OLD, concurrency });
    const newer = version(run, { ...NEW, concurrency });
    return { older, newer, of };
  };

  it('start in the order in which they were enqueued, by old and new name', async () => {
    const { older, newer, of } = versions();
    const one = await boot(older);
    await boot(older, one.isolation);
    const other = await boot(newer, one.isolation);
    const calls = (key: string) => Array.from({ length: 15 }, (_, i) => `${key}/${i}`);
    const handles: JobHandle[] = [];
    for (let i = 0; i < 15; i += 1) {
      for (const key of ['a', 'b']) {
        const call = `${key}/${i}`;
        const isOld = i % 3 === 0;
        handles.push(
          isOld
            ? await one.jobs.enqueue(older, (s) => s.run(call))
            : await other.jobs.enqueue(newer, (s) => s.run(call)),
        );
      }
    }
    await ended(handles);
    expect(of('a')).toEqual(calls('a'));
    expect(of('b')).toEqual(calls('b'));
  }, 60_000);

  it('start in that order once a server boots that knows them, if none did before', async () => {
    const { older, newer, of } = versions();
    const one = await boot(older);
    const producer = await boot(newer, one.isolation, { workers: false });
    const handles: JobHandle[] = [];
    for (let i = 0; i < 8; i += 1)
      handles.push(await producer.jobs.enqueue(newer, (s) => s.run(`a/${i}`)));
    const queue = producer.module.get<Queue>(getQueueToken('default'));
    const claims = async () => {
      const jobs = await queue.getDelayed();
      return jobs.map(({ attemptsStarted }) => attemptsStarted);
    };
    // By now the old server has met all of them, and looks at none again for some seconds.
    await expect.poll(claims, { timeout: 15_000 }).toEqual(Array.from({ length: 8 }, () => 4));
    await boot(newer, one.isolation);
    await ended(handles);
    expect(of('a')).toEqual(Array.from({ length: 8 }, (_, i) => `a/${i}`));
  }, 60_000);

  it('pass one that no server knows', async () => {
    const { older, newer, of } = versions();
    const one = await boot(older);
    const producer = await boot(newer, one.isolation, { workers: false });
    const unknown = await producer.jobs.enqueue(newer, (s) => s.run('a/0'));
    await ended([await one.jobs.enqueue(older, (s) => s.run('a/1'))]);
    await boot(newer, one.isolation);
    await ended([unknown]);
    expect(of('a')).toEqual(['a/1', 'a/0']);
  }, 60_000);
});
