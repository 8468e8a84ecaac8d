import type { SuperJSONResult } from 'superjson';
import type { JobLocation } from '../errors/index.js';
import { richJson, serializeRichly } from './rich-json.js';
import { takeValue } from './storable-value.js';

/**
 * A stored value that needs annotations is wrapped under this key; a plain one is stored as it is.
 */
const RICH_KEY = '$superjson';

/** A value in its stored form. @internal */
export interface StoredValue {
  readonly value: unknown;
  /** No JSON of it is longer than this. */
  readonly maxBytes: number;
}

/**
 * Turns one value into JSON that {@link restoreValue} turns back, and that shares nothing with it.
 * `undefined` is stored as null, so null itself is wrapped.
 * @param path what the value is called in messages
 * @param maxParts see {@link takeValue}
 * @throws UnserializableValueError, TooManyPartsError
 * @internal
 */
export function storeValue(
  value: unknown,
  path: string,
  location: JobLocation = {},
  maxParts?: number,
): StoredValue {
  if (value === undefined) return { value: null, maxBytes: 4 };
  const { copy, rich, maxBytes: bytes } = takeValue(value, path, location, maxParts);
  // Annotations repeat the keys of their paths, so their size has no bound worth the name.
  const maxBytes = rich ? Number.POSITIVE_INFINITY : bytes;
  return {
    value: rich || needsWrapping(copy) ? { [RICH_KEY]: serializeRichly(copy) } : copy,
    maxBytes,
  };
}

/** Brings a value back as it went into {@link storeValue}. @internal */
export function restoreValue(stored: unknown): unknown {
  if (stored === null) return undefined;
  if (typeof stored === 'object' && Object.hasOwn(stored, RICH_KEY)) {
    return richJson.deserialize((stored as Record<string, SuperJSONResult>)[RICH_KEY]!);
  }
  return stored;
}

function needsWrapping(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.hasOwn(value, RICH_KEY));
}
