import type { Type } from '@nestjs/common';
import { listenToLog } from './log.js';

/** What is warned of from the boot on of the application that provides the listener. */
export function listenToWarnings(): { warnings: string[]; listener: Type } {
  const warnings: string[] = [];
  const listener = listenToLog(({ level, line }) => {
    if (level === 'warn') warnings.push(line);
  });
  return { warnings, listener };
}
