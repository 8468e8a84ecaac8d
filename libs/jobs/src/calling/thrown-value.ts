import { inspect, types } from 'node:util';
import { NonErrorThrownError, type JobLocation } from '../errors/index.js';
import { isStorableText, toStorableText } from '../payload/index.js';

/** Longer messages and stacks are cut, so that one job cannot fill the store. */
const MAX_MESSAGE = 8_192;
const MAX_STACK = 32_768;

/**
 * Makes anything that a handler threw into an Error that can be stored: `throw undefined` stalls a
 * job, a NUL in a message fails on PostgreSQL.
 * @returns the error itself where nothing is wrong with it
 * @internal
 */
export function toStorableError(thrown: unknown, location: JobLocation): Error {
  // Errors of another realm (vm, a test runner) are no instances of this one's Error.
  if (!(thrown instanceof Error || types.isNativeError(thrown)))
    return new NonErrorThrownError(describe(thrown), location);
  const message = textOf(() => thrown.message);
  const stack = textOf(() => thrown.stack);
  const name = textOf(() => thrown.name);
  const isFine =
    isText(() => thrown.message) &&
    isText(() => thrown.stack) &&
    isText(() => thrown.name) &&
    isStorableText(message, MAX_MESSAGE) &&
    isStorableText(stack, MAX_STACK);
  if (isFine) return thrown;
  const error = new Error(toStorableText(message, MAX_MESSAGE) || 'error without a message', {
    cause: thrown,
  });
  error.name = name;
  error.stack = toStorableText(stack, MAX_STACK);
  return error;
}

/** Message and stack may be getters that throw, or no strings at all. */
function textOf(read: () => unknown): string {
  try {
    const text = read();
    return typeof text === 'string' ? text : describe(text);
  } catch {
    return 'an error whose message cannot be read';
  }
}

function isText(read: () => unknown): boolean {
  try {
    return typeof read() === 'string';
  } catch {
    return false;
  }
}

function describe(value: unknown): string {
  try {
    return toStorableText(
      inspect(value, { depth: 1, maxStringLength: 200, breakLength: Infinity }),
      MAX_MESSAGE,
    );
  } catch {
    return `a ${typeof value} that cannot be described`;
  }
}
