import type { FactoryProvider } from '@nestjs/common';
import { queuesDeclaredByDecorators } from '../decorators/index.js';
import { QueueRegistry } from '../engines/index.js';
import { DEFAULT_QUEUE } from '../options/index.js';

/**
 * The DI token of a queue: the one of @nestjs/bullmq, so that its `@InjectQueue()`, `@Processor()`
 * and `@QueueEventsListener()`, and bull-board, find our queues. (That package is optional, so its
 * function cannot be imported; a test compares the two.)
 * @internal
 */
export function queueToken(name: string): string {
  return `BullQueue_${name}`;
}

/**
 * A provider for every queue that is known by name: from decorators, from options, and the default.
 * @internal
 */
export function queueProviders(configured: readonly string[]): FactoryProvider[] {
  const names = new Set([DEFAULT_QUEUE, ...configured, ...queuesDeclaredByDecorators()]);
  return [...names].map((name) => ({
    provide: queueToken(name),
    useFactory: (queues: QueueRegistry) => queues.get(name),
    inject: [QueueRegistry],
  }));
}
