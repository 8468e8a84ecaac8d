import 'reflect-metadata';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';

/**
 * Where `@Processor()` of @nestjs/bullmq keeps what it was given. (That package is optional; a test
 * compares the two.)
 */
const PROCESSOR_METADATA = 'bullmq:processor_metadata';

/** What starts the workers of `@Processor()` classes; a provider of the BullModule. */
const STARTER = 'BullRegistrar';

/** A class with `@Processor()`. @internal */
export interface IdleProcessor {
  readonly className: string;
  readonly queue: string;
}

/**
 * Classes with `@Processor()` that nobody starts: @nestjs/bullmq does it alone, where its
 * BullModule is imported.
 * @internal
 */
export function idleProcessors(
  providers: readonly InstanceWrapper<object>[],
): readonly IdleProcessor[] {
  if (providers.some(({ name }) => name === STARTER)) return [];
  return providers.flatMap(({ metatype, inject, instance }) => {
    const type: unknown = metatype && !inject ? metatype : instance?.constructor;
    if (typeof type !== 'function') return [];
    const options = Reflect.getMetadata(PROCESSOR_METADATA, type) as { name?: string } | undefined;
    return options === undefined ? [] : [{ className: type.name, queue: options.name ?? '' }];
  });
}
