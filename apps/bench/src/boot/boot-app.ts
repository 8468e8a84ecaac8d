import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import type { BenchEngine, Isolation } from '../engines/index.js';

/** Creates and initialises an application. */
export type BootApp = (
  engine: BenchEngine,
  isolation: Isolation,
) => Promise<{ close(): Promise<void> }>;

/** Quiet, and rejecting instead of ending the process. */
export const NEST_OPTIONS = { logger: ['error' as const], abortOnError: false };

const QUEUES = 20;
const HANDLERS_OF_A_QUEUE = 25;

/** Queue names: `queue-0` to `queue-19`. */
export const QUEUE_NAMES = Array.from({ length: QUEUES }, (_, index) => `queue-${index}`);

/** A provider class whose methods are the handlers of one queue. */
export interface HandlerClass {
  readonly queue: string;
  readonly type: Type<Record<string, () => Promise<void>>>;
  readonly methods: readonly string[];
}

/**
 * 20 provider classes with 25 methods each, the same in all three applications.
 * @param decorate what `@Job()` would be on each method
 */
export function defineHandlers(
  decorate: (queue: string) => MethodDecorator = () => () => undefined,
): readonly HandlerClass[] {
  const methods = Array.from({ length: HANDLERS_OF_A_QUEUE }, (_, index) => `handle${index}`);
  return QUEUE_NAMES.map((queue, index) => {
    const type = class {};
    Object.defineProperty(type, 'name', { value: `Service${index}` });
    for (const method of methods) {
      const descriptor = { value: async () => undefined, writable: true, configurable: true };
      decorate(queue)(type.prototype, method, descriptor);
      Object.defineProperty(type.prototype, method, descriptor);
    }
    return { queue, type: type as HandlerClass['type'], methods };
  });
}
