import { Injectable } from '@nestjs/common';
import { ConnectionClosedError } from 'bullmq';
import { Job, JobContext, JobFailedError } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

/**
 * Errors of a handler that sound like the state of a connection: its own to a database, an API,
 * another Redis.
 */
const SOUNDING: readonly (readonly [title: string, make: () => unknown])[] = [
  ['a closed connection', () => new Error('Connection is closed.')],
  ['a connection that BullMQ closed', () => new ConnectionClosedError()],
  ['ECONNREFUSED in words', () => new Error('connect ECONNREFUSED 127.0.0.1:6379')],
  ['ECONNREFUSED', () => coded('connect', 'ECONNREFUSED')],
  ['ECONNRESET', () => coded('read ECONNRESET', 'ECONNRESET')],
  ['ETIMEDOUT', () => coded('timed out', 'ETIMEDOUT')],
  ['57P01', () => coded('terminating connection due to administrator command', '57P01')],
  ['40001', () => coded('could not serialize access', '40001')],
  ['a driver that was cut off', () => new Error('Connection terminated unexpectedly')],
  ['a command that timed out', () => new Error('Command timed out')],
  ['a reply of Redis', () => Object.assign(new Error('READONLY'), { name: 'ReplyError' })],
  ['the lock of a job', () => new Error('could not renew lock for job 1')],
  ['a missing lock', () => Object.assign(new Error('Missing lock for job 1'), { code: -2 })],
  ['a locked file', () => coded('database is locked', 'SQLITE_BUSY')],
];

@Injectable()
class Work {
  static readonly runs: number[] = [];

  constructor(private readonly context: JobContext) {}

  @Job({ attempts: 2, backoff: { type: 'fixed', delay: 1, jitter: 0 } })
  say(index: number): void {
    Work.runs[index] = (Work.runs[index] ?? 0) + 1;
    throw SOUNDING[index]![1]();
  }

  @Job({ attempts: 1 })
  async sayInStep(index: number): Promise<void> {
    await this.context.once('step', () => {
      throw SOUNDING[index]![1]();
    });
  }
}

describeEngines('what a job says of connections', (engine) => {
  it('is its failure, and nothing else', async () => {
    Work.runs.length = 0;
    const { jobs } = await createJobsApp(engine, { providers: [Work] });
    const indexes = [...SOUNDING.keys()];
    const handles = await Promise.all(
      indexes.map(async (index) => [
        await jobs.enqueue(Work, (s) => s.say(index)),
        await jobs.enqueue(Work, (s) => s.sayInStep(index)),
      ]),
    );
    for (const handle of handles.flat()) {
      const failure = await handle.result({ timeout: '8 s' }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(JobFailedError);
    }
    expect(Work.runs).toEqual(indexes.map(() => 2));
    // The engine is not taken for lost.
    expect(await (await jobs.enqueue(Work, (s) => s.say(0))).state()).not.toBe('removed');
  });

  it('is not retried when it is the reason of a cancellation', async () => {
    const { jobs } = await createJobsApp(engine, {
      providers: [Work],
      options: { workers: false },
    });
    const handle = await jobs.schedule(Work, (s) => s.say(0), { delay: '1 h' });
    expect(await jobs.cancel(handle, 'Connection is closed.')).toBe(true);
    await expect(handle.result({ timeout: '5 s' })).rejects.toThrow(/Connection is closed/);
  });
});

function coded(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}
