import { getQueueToken } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { Recurring, type JobsModuleOptions } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines, type Isolation } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';
import { listenToLog, type LogLine } from '../../support/log.js';
import { version } from '../../support/versions.js';

const IMPATIENT: JobsModuleOptions = { unknownNameTimeout: 300 };
const SOON = { timeout: 15_000 };

describeEngines('runs that a version left behind which had a recurring job', (engine) => {
  @Injectable()
  class Dropped {
    @Recurring({ every: 100 }, { id: 'mine', name: 'mine', overlap: 'allow' })
    run(): void {}

    @Recurring({ every: 3_600_000 }, { id: 'hourly', name: 'hourly' })
    hourly(): void {}
  }

  /** The newest version has none of it. */
  const bootNewest = async (isolation: Isolation) => {
    const lines: LogLine[] = [];
    const listener = listenToLog((line) => lines.push(line));
    const newest = version(() => undefined, { name: 'other' });
    const app = await createJobsApp(engine, {
      providers: [newest, listener],
      options: IMPATIENT,
      isolation,
    });
    return { ...app, lines };
  };

  /** A reader without workers, and the queue, which is paused: what is enqueued stays there. */
  const pausedQueue = async () => {
    const reader = await createJobsApp(engine, {
      options: { workers: false, queues: { default: {} } },
    });
    const queue = reader.module.get<Queue>(getQueueToken('default'));
    await queue.pause();
    const runs = async () => {
      const all = await queue.getJobs();
      return all.map(({ id }) => id!);
    };
    return { queue, runs, isolation: reader.isolation };
  };

  it('are removed without a failure, each with a line in the log', async () => {
    const { queue, runs, isolation } = await pausedQueue();
    const outdated = await createJobsApp(engine, { providers: [Dropped], isolation });
    await expect.poll(async () => (await runs()).length, SOON).toBeGreaterThan(2);
    await outdated.close();
    const left = await runs();
    const { lines } = await bootNewest(isolation);
    await queue.resume();
    await expect.poll(runs, SOON).toEqual([]);
    const told = lines.filter(({ line }) => line.includes('Job "mine"'));
    expect(told.map(({ level }) => level)).toEqual(left.map(() => 'log'));
    for (const { line } of told)
      expect(line).toMatch(/removed without a run: .*no server declares/);
  }, 40_000);

  it('fail when somebody asked for them', async () => {
    const { queue, isolation } = await pausedQueue();
    const outdated = await createJobsApp(engine, { providers: [Dropped], isolation });
    const { id } = await outdated.jobs.recurring.trigger('hourly');
    await outdated.close();
    await bootNewest(isolation);
    await queue.resume();
    const reason = async () => (await queue.getJob(id))?.failedReason;
    await expect.poll(reason, SOON).toMatch(/No handler for job "hourly"/);
  }, 40_000);
});
