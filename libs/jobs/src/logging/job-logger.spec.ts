import { Writable } from 'node:stream';
import { Injectable, Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { LoggerModule, PinoLogger } from 'nestjs-pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunOutcome } from '../contracts/index.js';
import { JobCancelledError } from '../errors/index.js';
import { JobLogger } from './index.js';

const job = { id: '7', name: 'EmailService.send', queue: 'emails', attempt: 2, attempts: 3 };
const error = new Error('refused');

const OUTCOMES: RunOutcome[] = [
  { status: 'completed', result: { secret: 'hunter2' }, durationMs: 12 },
  { status: 'retrying', error, durationMs: 12, retryInMs: 5_000 },
  { status: 'failed', error, durationMs: 12 },
  { status: 'given-back', reason: 'shutting down' },
  { status: 'postponed', delayMs: 40 },
];

describe('without nestjs-pino', () => {
  const lines: { level: string; line: string; stack?: string }[] = [];
  let logger: JobLogger;

  beforeEach(async () => {
    lines.length = 0;
    for (const level of ['debug', 'log', 'warn', 'error'] as const) {
      vi.spyOn(Logger.prototype, level).mockImplementation((...args: unknown[]) => {
        lines.push({ level, line: String(args[0]), stack: args[1] as string });
      });
    }
    const app = await Test.createTestingModule({ providers: [JobLogger] }).compile();
    logger = app.get(JobLogger);
    await logger.usePinoIfPresent();
    // Nest logs its own start.
    lines.length = 0;
  });
  afterEach(() => vi.restoreAllMocks());

  it('each start and end of a job is one line of the right level', () => {
    logger.onStarted(job);
    for (const outcome of OUTCOMES) logger.onSettled(job, outcome);
    expect(lines.map(({ level }) => level)).toEqual([
      'debug',
      'debug',
      'warn',
      'error',
      'log',
      'debug',
    ]);
    expect(lines.map(({ line }) => line)).toEqual([
      expect.stringContaining('Job EmailService.send started (attempt 2 of 3)'),
      expect.stringContaining('Job EmailService.send completed in 12 ms'),
      expect.stringMatching(/failed attempt 2 of 3: refused; next attempt at \d{4}-.*Z/),
      expect.stringContaining('failed for good at attempt 2 of 3: refused'),
      expect.stringContaining('given back to its queue: shutting down'),
      expect.stringContaining('postponed by 40 ms'),
    ]);
  });

  it('each line names the job', () => {
    for (const outcome of OUTCOMES) logger.onSettled(job, outcome);
    for (const { line } of lines) {
      const fields = JSON.parse(line.slice(line.indexOf('{'))) as object;
      expect(fields).toMatchObject({
        jobId: '7',
        jobName: 'EmailService.send',
        queue: 'emails',
        attempt: 2,
      });
    }
  });

  it('a failure has what caused it', () => {
    const cause = new AggregateError([new Error('one host'), new Error('another')], 'no host');
    const failed = new Error('refused', { cause });
    logger.onSettled(job, { status: 'retrying', error: failed, durationMs: 1, retryInMs: 1 });
    logger.onSettled(job, { status: 'failed', error: failed, durationMs: 1 });
    expect(lines[0]!.line).toContain('failed attempt 2 of 3: refused: no host; next attempt');
    expect(lines[1]!.line).toContain('at attempt 2 of 3: refused: no host');
    expect(lines[1]!.stack).toMatch(
      /Caused by: AggregateError: no host[^]*\[2 of 2\] Error: another/,
    );
  });

  it('a cancellation is no error', () => {
    const cancelled = new JobCancelledError({ ...job }, 'no longer needed');
    logger.onSettled(job, { status: 'failed', error: cancelled, durationMs: 3 });
    expect(lines).toEqual([
      {
        level: 'log',
        line: expect.stringMatching(/^Job "EmailService.send" .* was cancelled: no longer needed/),
        stack: undefined,
      },
    ]);
  });

  it('a final failure has its stack', () => {
    logger.onSettled(job, { status: 'failed', error, durationMs: 1 });
    expect(lines[0]!.stack).toBe(error.stack);
  });

  it('results are never logged', () => {
    for (const outcome of OUTCOMES) logger.onSettled(job, outcome);
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });

  it('no words are made for a level that is off', () => {
    vi.spyOn(Logger, 'isLevelEnabled').mockReturnValue(false);
    logger.onStarted(job);
    logger.onSettled(job, OUTCOMES[0]!);
    expect(lines).toEqual([]);
  });

  it('a job runs in its context as it would without', () => {
    expect(logger.runInContext(job, () => 5)).toBe(5);
    expect(() =>
      logger.runInContext(job, () => {
        throw error;
      }),
    ).toThrow(error);
  });

  it('lines of the module itself carry no job', () => {
    logger.info('i');
    logger.warn('w');
    logger.error('e', error);
    expect(lines).toMatchObject([
      { level: 'log', line: 'i' },
      { level: 'warn', line: 'w' },
      { level: 'error', line: 'e', stack: error.stack },
    ]);
  });
});

describe('with nestjs-pino', () => {
  const lines: Record<string, unknown>[] = [];
  let logger: JobLogger;
  let service: Service;

  @Injectable()
  class Service {
    constructor(private readonly pino: PinoLogger) {}

    async run(): Promise<void> {
      this.pino.info('before');
      await new Promise((resolve) => setTimeout(resolve, 1));
      this.pino.info('after');
    }
  }

  beforeEach(async () => {
    lines.length = 0;
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
        done();
      },
    });
    const app = await Test.createTestingModule({
      imports: [LoggerModule.forRoot({ pinoHttp: [{ level: 'debug' }, stream] })],
      providers: [JobLogger, Service],
    }).compile();
    logger = app.get(JobLogger);
    service = app.get(Service);
    await logger.usePinoIfPresent();
  });

  it('lines about jobs have their fields, level and error', () => {
    logger.onStarted(job);
    for (const outcome of OUTCOMES) logger.onSettled(job, outcome);
    expect(lines.map(({ level }) => level)).toEqual([20, 20, 40, 50, 30, 20]);
    for (const line of lines) {
      expect(line).toMatchObject({
        jobId: '7',
        jobName: 'EmailService.send',
        queue: 'emails',
        attempt: 2,
        context: 'Jobs',
      });
    }
    expect(lines[3]).toMatchObject({
      err: { message: 'refused', stack: error.stack },
      durationMs: 12,
    });
  });

  it('every line that a handler logs carries the job, also after an await', async () => {
    await logger.runInContext(job, () => service.run());
    expect(lines.map(({ msg }) => msg)).toEqual(['before', 'after']);
    for (const line of lines) {
      expect(line).toMatchObject({
        jobId: '7',
        jobName: 'EmailService.send',
        queue: 'emails',
        attempt: 2,
      });
    }
  });

  it('lines outside the job do not', async () => {
    await logger.runInContext(job, () => service.run());
    await service.run();
    expect(lines.slice(2).map((line) => line.jobId)).toEqual([undefined, undefined]);
  });

  it('concurrent jobs are kept apart', async () => {
    const other = { ...job, id: '8' };
    const runs = [job, other].map((each) => logger.runInContext(each, () => service.run()));
    await Promise.all(runs);
    expect(lines.filter((line) => line.jobId === '7')).toHaveLength(2);
    expect(lines.filter((line) => line.jobId === '8')).toHaveLength(2);
  });
});
