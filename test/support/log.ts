import {
  Injectable,
  Logger,
  type OnModuleDestroy,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';

/** A line of the log. */
export interface LogLine {
  readonly level: 'log' | 'warn' | 'error';
  readonly line: string;
}

/** A provider by which lines are heard from the boot on of the application that has it. */
export function listenToLog(hear: (line: LogLine) => void): Type {
  const at = (level: LogLine['level']) => (line: string) => hear({ level, line });
  @Injectable()
  class Listener implements OnModuleInit, OnModuleDestroy {
    onModuleInit(): void {
      Logger.overrideLogger({ log: at('log'), warn: at('warn'), error: at('error') });
    }
    onModuleDestroy(): void {
      Logger.overrideLogger(false);
    }
  }
  return Listener;
}
