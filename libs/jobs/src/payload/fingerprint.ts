import { createHash } from 'node:crypto';
import type { StoredPayload } from './stored-payload.js';

/**
 * Tells stored arguments from others. The order of an object's properties does not matter.
 * @internal
 */
export function fingerprintOf({ args, meta }: Pick<StoredPayload, 'args' | 'meta'>): string {
  const text = JSON.stringify([args, meta], inOrder);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
