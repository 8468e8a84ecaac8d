import { Logger } from '@nestjs/common';
import type { JobInfo } from '../contracts/index.js';
import { errorText } from '../errors/index.js';

/** Extra structured fields of a line. @internal */
export type LogFields = Readonly<Record<string, unknown>>;

/** Levels that lines about jobs use. @internal */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * Where log lines go: nestjs-pino when the application uses it, Nest's Logger otherwise.
 * @internal
 */
export interface LogWriter {
  /** Whether a line of this level would be written, so that its words need not be made. */
  enabled(level: LogLevel): boolean;
  write(level: LogLevel, message: string, fields?: LogFields, error?: Error): void;
  /** Runs `fn` so that every line logged inside it, by anyone, carries the job's fields. */
  runInContext<R>(job: JobInfo, fn: () => R): R;
}

/** The fields that lines of a job carry. @internal */
export function fieldsOf(job: JobInfo): LogFields {
  return { jobId: job.id, jobName: job.name, queue: job.queue, attempt: job.attempt };
}

/** Nest's Logger has no fields of its own, so they are appended to lines of ours. @internal */
export class NestLogWriter implements LogWriter {
  private readonly logger = new Logger('Jobs');
  /** Nest sorts its list of levels at each question, and there are two questions a job. */
  private readonly known = new Map<LogLevel, boolean>();
  private knownFor: unknown;

  enabled(level: LogLevel): boolean {
    const { logLevels } = Logger as unknown as { logLevels: unknown };
    if (this.knownFor !== logLevels) {
      this.knownFor = logLevels;
      this.known.clear();
    }
    let enabled = this.known.get(level);
    if (enabled === undefined) {
      enabled = Logger.isLevelEnabled(level === 'info' ? 'log' : level);
      this.known.set(level, enabled);
    }
    return enabled;
  }

  write(level: LogLevel, message: string, fields?: LogFields, error?: Error): void {
    const line = fields ? `${message} ${JSON.stringify(fields)}` : message;
    if (level === 'error') this.logger.error(line, error && errorText(error));
    else if (level === 'info') this.logger.log(line);
    else this.logger[level](line);
  }

  runInContext<R>(_job: JobInfo, fn: () => R): R {
    return fn();
  }
}
