import { Injectable, Logger } from '@nestjs/common';
import { Job } from 'nestjs-jobs';
import { LoggerModule, PinoLogger } from 'nestjs-pino';
import { Writable } from 'node:stream';
import { expect, it, vi } from 'vitest';
import { describeEngines } from '../support/engines.js';
import { createJobsApp } from '../support/jobs-app.js';

@Injectable()
class Repository {
  constructor(private readonly logger: PinoLogger) {}

  async save(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.logger.info('saved');
  }
}

@Injectable()
class Work {
  constructor(private readonly repository: Repository) {}

  @Job({ attempts: 2, backoff: { type: 'fixed', delay: 1, jitter: 0 } })
  async run(secret: string): Promise<void> {
    await this.repository.save();
    if (secret === 'fail') throw new Error('no luck');
  }
}

@Injectable()
class PlainWork {
  @Job({ attempts: 1 })
  run(secret: string): void {
    throw new Error(`no luck with ${secret.length} characters`);
  }
}

type Line = Record<string, unknown>;

/** One stream for the file: nestjs-pino keeps the first root logger of a process. */
const lines: Line[] = [];
const stream = new Writable({
  write(chunk: Buffer, _encoding, done) {
    lines.push(JSON.parse(chunk.toString()) as Line);
    done();
  },
});

describeEngines('logging', (engine) => {
  it('puts the job on every line that nestjs-pino writes inside it', async () => {
    const { jobs } = await createJobsApp(engine, {
      imports: [LoggerModule.forRoot({ pinoHttp: [{ level: 'debug' }, stream] })],
      providers: [Work, Repository],
    });
    const handle = await jobs.enqueue(Work, (s) => s.run('s3cret'));
    await handle.result();
    const fields = { jobId: handle.id, jobName: 'Work.run', queue: 'default', attempt: 1 };
    const own = () => lines.filter((line) => line.jobId === handle.id);
    await expect.poll(() => own().length).toBe(3);
    expect(own()).toEqual([
      expect.objectContaining({ ...fields, level: 20, msg: expect.stringContaining('started') }),
      expect.objectContaining({ ...fields, level: 30, msg: 'saved' }),
      expect.objectContaining({ ...fields, level: 20, durationMs: expect.any(Number) }),
    ]);
    expect(JSON.stringify(lines)).not.toContain('s3cret');
  });

  it('writes one line for each failed attempt, with the next, and one for the end', async () => {
    const { jobs } = await createJobsApp(engine, {
      imports: [LoggerModule.forRoot({ pinoHttp: [{ level: 'debug' }, stream] })],
      providers: [Work, Repository],
    });
    const handle = await jobs.enqueue(Work, (s) => s.run('fail'));
    await expect(handle.result()).rejects.toThrow('no luck');
    const failures = () =>
      lines.filter((line) => line.jobId === handle.id && Number(line.level) > 30);
    await expect.poll(() => failures().length).toBe(2);
    expect(failures()).toEqual([
      expect.objectContaining({
        level: 40,
        attempt: 1,
        msg: expect.stringMatching(/next attempt at \d{4}-/),
      }),
      expect.objectContaining({
        level: 50,
        attempt: 2,
        msg: expect.stringContaining('failed for good'),
      }),
    ]);
  });

  it("writes through Nest's Logger without nestjs-pino", async () => {
    const { jobs } = await createJobsApp(engine, { providers: [PlainWork] });
    const write = () => vi.fn<(...parts: unknown[]) => void>();
    const logger = { log: write(), error: write(), warn: write(), debug: write() };
    Logger.overrideLogger(logger);
    const handle = await jobs.enqueue(PlainWork, (s) => s.run('s3cret'));
    await expect(handle.result()).rejects.toThrow('no luck');
    await expect.poll(() => logger.error.mock.calls.length).toBe(1);
    expect(logger.debug).toHaveBeenCalledTimes(1);
    expect(String(logger.error.mock.calls[0])).toContain(handle.id);
    expect(JSON.stringify([logger.error.mock.calls, logger.debug.mock.calls])).not.toContain(
      's3cret',
    );
    Logger.overrideLogger(false);
  });
});
