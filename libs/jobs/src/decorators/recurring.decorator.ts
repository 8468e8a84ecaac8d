import 'reflect-metadata';
import type { Recurrence, RecurringOptions } from '../options/index.js';
import { declareQueue, misuseOf, noteMisplaced } from './job-metadata.js';
import { decorate } from './method-decorations.js';

/** A method that can be called without arguments: a tick has none to give. */
type NullaryMethodDecorator = <Method extends () => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/**
 * Runs a method again and again: once for each tick over all processes (see `scope` for each
 * process), and with the retries, timeouts and logs of a `@Job()`, which it is too. The method
 * needs no arguments; `JobContext.tick` tells which tick it runs for. Can be given several times,
 * with an `id` each. Wrong uses are reported at boot.
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
    const { recurrences } = decorate(target, key as string, descriptor.value as object);
    // Decorators are applied from the last to the first.
    recurrences.unshift({ recurrence, options });
    declareQueue((options as RecurringOptions | null)?.queue);
  };
}
