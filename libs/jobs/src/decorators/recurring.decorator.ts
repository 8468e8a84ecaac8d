import 'reflect-metadata';
import type { Recurrence, RecurringOptions } from '../options/index.js';
import { declareQueue, misuseOf, noteMisplaced, RECURRING_METADATA } from './job-metadata.js';

/** A use of `@Recurring()` on a method. @internal */
export interface RecurringMetadata {
  readonly recurrence: Recurrence;
  readonly options: RecurringOptions;
}

/** A method that can be called without arguments: a tick has none to give. */
type NullaryMethodDecorator = <Method extends () => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/**
 * Runs a method again and again: once for each tick over all processes (see `scope` for each process), and with the retries, timeouts and
 * logs of a `@Job()`, which it is too. The method needs no arguments; `JobContext.tick` tells which tick it runs
 * for. Can be given several times, with an `id` each. Wrong uses are reported at boot.
 *
 * @param recurrence a cron expression, see `Cron` for helpers; or `{ every: '10 min' }`
 *
 * @example
 * ```ts
 * @Recurring('0 0 * * *', { id: 'nightly-report', timeZone: 'Asia/Kolkata' })
 * async generate(): Promise<void> {}
 * ```
 * @publicApi
 */
export function Recurring(
  recurrence: Recurrence,
  options: RecurringOptions = {},
): NullaryMethodDecorator {
  return (target, key, descriptor) => {
    const fault = misuseOf(target, key, descriptor);
    if (fault !== undefined) return noteMisplaced('@Recurring()', target, key, fault);
    const method = descriptor.value as object;
    // Decorators are applied from the last to the first.
    const uses = [{ recurrence, options }, ...recurrencesOf(method)];
    Reflect.defineMetadata(RECURRING_METADATA, uses, method);
    declareQueue((options as RecurringOptions | null)?.queue);
  };
}

/** Every use of `@Recurring()` on a method, in their order. @internal */
export function recurrencesOf(method: object): readonly RecurringMetadata[] {
  return (Reflect.getMetadata(RECURRING_METADATA, method) as RecurringMetadata[] | undefined) ?? [];
}
