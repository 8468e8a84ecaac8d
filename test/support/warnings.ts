import {
  Injectable,
  Logger,
  type OnModuleDestroy,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';

/** What is warned of from the boot on of the application that provides the listener. */
export function listenToWarnings(): { warnings: string[]; listener: Type } {
  const warnings: string[] = [];
  @Injectable()
  class Listener implements OnModuleInit, OnModuleDestroy {
    onModuleInit(): void {
      const silent = () => undefined;
      const warn = (line: string) => void warnings.push(line);
      Logger.overrideLogger({ log: silent, error: silent, warn });
    }
    onModuleDestroy(): void {
      Logger.overrideLogger(false);
    }
  }
  return { warnings, listener: Listener };
}
