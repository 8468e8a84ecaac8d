import { UnserializableValueError } from '../errors/index.js';
import { isStorableText, toStorableText } from './storable-text.js';
import { MAX_DEPTH, TooManyPartsError } from './storable-value.js';
import { storeValue } from './value-serializer.js';

/** A result ready to be stored, and what was lost on the way. @internal */
export interface StorableResult {
  readonly value: unknown;
  /**
   * What became of the result, for a warning: `a value that …`; undefined when it comes back as it
   * is.
   */
  readonly loss: string | undefined;
}

/**
 * Makes any result storable. A handler that finished has succeeded whatever it returned, so nothing
 * here throws: what cannot be kept is simplified (class instances become plain objects, functions
 * vanish), and what still cannot becomes null.
 * @param limit largest stored size in bytes; a larger result is dropped
 * @internal
 */
export function toStorableResult(result: unknown, limit: number): StorableResult {
  try {
    const { value, maxBytes } = storeValue(result, 'result', {}, limit);
    return maxBytes > limit ? withinLimit(value, limit) : { value, loss: undefined };
  } catch (error) {
    if (error instanceof TooManyPartsError)
      return tooLarge(`more bytes than the limit of ${limit}`);
    const fault =
      error instanceof UnserializableValueError ? `${error.path} is ${error.found}` : String(error);
    return simplify(result, limit, fault);
  }
}

function simplify(result: unknown, limit: number, fault: string): StorableResult {
  try {
    const text = JSON.stringify(result, dropWhatJsonCannotHold());
    const plain: unknown = text === undefined ? null : JSON.parse(text, cleanKeys);
    const simplified = withinLimit(plain, limit);
    const loss = `cannot be stored as it is (${fault}); it was simplified`;
    return { value: simplified.value, loss: simplified.loss ?? loss };
  } catch {
    return { value: null, loss: `cannot be stored (${fault}); undefined is stored in its place` };
  }
}

function withinLimit(value: unknown, limit: number): StorableResult {
  const bytes = Buffer.byteLength(JSON.stringify(value) ?? 'null');
  return bytes > limit
    ? tooLarge(`${bytes} bytes, more than the limit of ${limit}`)
    : { value, loss: undefined };
}

function tooLarge(size: string): StorableResult {
  const loss = `is too large: it takes ${size} (maxPayloadBytes); undefined is stored in its place`;
  return { value: null, loss };
}

/** A reviver: keys are text too. */
function cleanKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if (Object.keys(value).every((key) => isStorableText(key, Number.POSITIVE_INFINITY)))
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [toStorableText(key), child]),
  );
}

function dropWhatJsonCannotHold(): (this: unknown, key: string, value: unknown) => unknown {
  const ancestors: unknown[] = [];
  return function (key, value) {
    if (key === '__proto__') return undefined;
    if (typeof value === 'bigint') return value.toString();
    if (typeof value === 'string') return toStorableText(value);
    if (typeof value !== 'object' || value === null) return value;
    // JSON.stringify calls the replacer with the holder as `this`: cut back to it, then look for a
    // cycle.
    while (ancestors.length > 0 && ancestors.at(-1) !== this) ancestors.pop();
    if (ancestors.includes(value)) return '[Circular]';
    if (ancestors.length >= MAX_DEPTH) return null;
    ancestors.push(value);
    return value;
  };
}
