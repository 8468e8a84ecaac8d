import { isDeepStrictEqual } from 'node:util';

/** A copy of a value in which every string, keys too, has one text replaced by another. */
export function replaceText(value: unknown, from: string, to: string): unknown {
  if (typeof value === 'string') return value.includes(from) ? value.replaceAll(from, to) : value;
  if (Array.isArray(value)) return value.map((item) => replaceText(item, from, to));
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    copy[key.includes(from) ? key.replaceAll(from, to) : key] = replaceText(item, from, to);
  }
  return copy;
}

/**
 * A copy without the properties that are undefined: to a reader they are the same as missing ones.
 */
export function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) copy[key] = withoutUndefined(item);
  }
  return copy;
}

/** Equality of values; the order of an object's properties is none of it. */
export function isEqual(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(one, other);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Texts in order of their characters' codes, as Redis orders. */
export function sorted(values: unknown): unknown {
  if (!Array.isArray(values)) return values;
  return values.toSorted((one, other) => compareTexts(orderText(one), orderText(other)));
}

/** Equal values have equal texts, whatever the order of their properties. */
function orderText(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value, (_key, item: unknown) =>
    isRecord(item) ? Object.fromEntries(Object.entries(item).toSorted(byName)) : item,
  );
}

function byName([one]: [string, unknown], [other]: [string, unknown]): number {
  return compareTexts(one, other);
}

function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
