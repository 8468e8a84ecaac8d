import { type ModuleRef, ModulesContainer } from '@nestjs/core';
import type { PinoLogger } from 'nestjs-pino';
import type { JobInfo } from '../contracts/index.js';
import { errorReason, errorText } from '../errors/index.js';
import { fieldsOf, type LogFields, type LogLevel, type LogWriter } from './log-writer.js';

/**
 * Writes through nestjs-pino: fields are structured, and `runInContext` binds the job's fields to
 * every PinoLogger of the application.
 * @internal
 */
export class PinoLogWriter implements LogWriter {
  constructor(private readonly pino: PinoLogger) {
    pino.setContext('Jobs');
  }

  enabled(level: LogLevel): boolean {
    return this.pino.logger.isLevelEnabled(level);
  }

  write(level: LogLevel, message: string, fields: LogFields = {}, error?: Error): void {
    if (error === undefined) return this.pino[level](fields, message);
    try {
      this.pino[level]({ ...fields, err: error }, message);
    } catch {
      // What reads the error for pino may fail: at one that is frozen, or a member of itself.
      const err = { message: errorReason(error), stack: errorText(error) };
      this.pino[level]({ ...fields, err }, message);
    }
  }

  runInContext<R>(job: JobInfo, fn: () => R): R {
    return this.pino.runInContext(fn, { bindings: { ...fieldsOf(job) } });
  }
}

/**
 * A writer over the application's nestjs-pino, or undefined when the package or its LoggerModule is
 * not used. Optional, hence the dynamic import; and the package may be there for something else,
 * hence the look first: loading it takes longer than the rest of this module.
 * @internal
 */
export async function findPinoLogWriter(moduleRef: ModuleRef): Promise<LogWriter | undefined> {
  if (!hasPinoLogger(moduleRef)) return undefined;
  try {
    const { PinoLogger } = await import('nestjs-pino');
    return new PinoLogWriter(await moduleRef.resolve(PinoLogger, undefined, { strict: false }));
  } catch {
    return undefined;
  }
}

function hasPinoLogger(moduleRef: ModuleRef): boolean {
  const modules = moduleRef.get(ModulesContainer, { strict: false });
  return [...modules.values()].some(({ providers }) =>
    [...providers.values()].some(({ name }) => name === 'PinoLogger'),
  );
}
