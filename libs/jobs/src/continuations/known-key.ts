import { jobKey, type Handler, type Uniqueness } from '../discovery/index.js';
import { InvalidEnqueueOptionsError, InvalidInvocationError } from '../errors/index.js';
import type { JobKey } from '../options/index.js';
import { copyOfArguments, serializeArguments } from '../payload/index.js';
import { putAt, type Slot } from './argument-slots.js';
import { createPlaceholder, placeholderOf } from './placeholder.js';

const UNKNOWN =
  '"unique.key" expected a function that needs nothing of the result of the job before, which is not known yet; give the ' +
  'key with the options of the continuation: unique: { key }';

/**
 * How a continuation is unique: its key is worked out when it is stored, of the arguments that are
 * known then. Who enqueues it later may not have the handler.
 * @param args with null in their slots
 * @throws InvalidEnqueueOptionsError when the handler's function needs what is not known yet
 * @internal
 */
export function withKnownKey(
  handler: Handler,
  args: readonly unknown[],
  slots: readonly Slot[],
): Uniqueness | undefined {
  const { unique } = handler;
  if (typeof unique?.key !== 'function') return unique;
  return { ...unique, key: knownKey(unique.key, handler, args, slots) };
}

function knownKey(
  makeKey: (...args: never[]) => JobKey,
  handler: Handler,
  args: readonly unknown[],
  slots: readonly Slot[],
): JobKey {
  const given = [...copyOfArguments(serializeArguments(args, handler, Infinity))];
  for (const { at, of, path } of slots) putAt(given, at, createPlaceholder(of, path));
  let isUnknown = false;
  const watched = (...known: never[]): JobKey => {
    try {
      const made = makeKey(...known);
      isUnknown = placeholderOf(made) !== undefined;
      return made;
    } catch (error) {
      // So a placeholder answers to all that is done with it.
      isUnknown = error instanceof InvalidInvocationError;
      throw error;
    }
  };
  try {
    return jobKey(watched, given, 'unique.key', handler);
  } catch (error) {
    throw isUnknown ? new InvalidEnqueueOptionsError([UNKNOWN], handler) : error;
  }
}
