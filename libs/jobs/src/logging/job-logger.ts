import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { JobHook, JobInfo, RunOutcome } from '../contracts/index.js';
import { isCancellation } from '../errors/index.js';
import { messages } from './job-log.messages.js';
import { fieldsOf, NestLogWriter, type LogWriter } from './log-writer.js';
import { findPinoLogWriter } from './pino-log-writer.js';

/**
 * Writes one line for each start, success, failed attempt and final failure of a job, and lines of
 * the module itself. Arguments and results are never logged.
 * @internal
 */
@Injectable()
export class JobLogger implements JobHook {
  private writer: LogWriter = new NestLogWriter();

  constructor(private readonly moduleRef: ModuleRef) {}

  /**
   * Switches to nestjs-pino if the application uses it. Called once all modules are initialised.
   */
  async usePinoIfPresent(): Promise<void> {
    this.writer = (await findPinoLogWriter(this.moduleRef)) ?? this.writer;
  }

  /** Runs `fn` so that every line logged inside it carries the job's fields. */
  runInContext<R>(job: JobInfo, fn: () => R): R {
    return this.writer.runInContext(job, fn);
  }

  onStarted(job: JobInfo): void {
    if (this.writer.enabled('debug'))
      this.writer.write('debug', messages.started(job), fieldsOf(job));
  }

  onSettled(job: JobInfo, outcome: RunOutcome): void {
    switch (outcome.status) {
      case 'completed':
        if (outcome.skipped !== undefined)
          return this.jobLine('info', job, messages.skipped(job, outcome.skipped));
        if (!this.writer.enabled('debug')) return;
        this.jobLine('debug', job, messages.completed(job, outcome.durationMs), outcome.durationMs);
        return;
      case 'retrying': {
        const retryAt = new Date(Date.now() + outcome.retryInMs);
        this.jobLine(
          'warn',
          job,
          messages.attemptFailed(job, outcome.error, retryAt),
          outcome.durationMs,
          outcome.error,
        );
        return;
      }
      case 'failed':
        // Somebody asked for it.
        if (isCancellation(outcome.error.message, job))
          return this.jobLine('info', job, outcome.error.message, outcome.durationMs);
        this.jobLine(
          'error',
          job,
          messages.failed(job, outcome.error),
          outcome.durationMs,
          outcome.error,
        );
        return;
      case 'given-back':
        this.jobLine('info', job, messages.givenBack(job, outcome.reason));
        return;
      case 'postponed':
        this.debug(messages.postponed(job, outcome.delayMs), job);
    }
  }

  debug(message: string, job?: JobInfo): void {
    if (this.writer.enabled('debug')) this.writer.write('debug', message, job && fieldsOf(job));
  }

  info(message: string, job?: JobInfo): void {
    this.writer.write('info', message, job && fieldsOf(job));
  }

  warn(message: string, job?: JobInfo): void {
    this.writer.write('warn', message, job && fieldsOf(job));
  }

  error(message: string, error?: Error): void {
    this.writer.write('error', message, undefined, error);
  }

  private jobLine(
    level: 'debug' | 'info' | 'warn' | 'error',
    job: JobInfo,
    message: string,
    durationMs?: number,
    error?: Error,
  ): void {
    const fields = durationMs === undefined ? fieldsOf(job) : { ...fieldsOf(job), durationMs };
    this.writer.write(level, message, fields, error);
  }
}
