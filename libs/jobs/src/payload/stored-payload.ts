import type { SuperJSONResult } from 'superjson';
import type { StoredKey, StoredTick } from '../contracts/index.js';

/**
 * The stored form of a job: what BullMQ keeps as `data`. Only `args` is needed, so that a service
 * in another language can write it by hand: `{ "args": ["u-1", 3] }`. The rest is ours and
 * optional.
 * @publicApi
 */
export interface StoredPayload {
  /** The arguments, as JSON. */
  readonly args: readonly unknown[];
  /**
   * superjson's annotations: which JSON values stand for a Date, a Map, … Only where there are any.
   */
  readonly meta?: SuperJSONResult['meta'];
  /** What `context.capture()` returned. */
  readonly context?: unknown;
  /** Present with a user-given id: tells this add from an earlier one with the same id. */
  readonly nonce?: string;
  /** Present in the run of a recurring job: the tick it is for. */
  readonly tick?: StoredTick;
  /** Present with an `idempotencyKey`. */
  readonly idempotency?: StoredKey;
  /**
   * Present in a continuation: what was kept of it until it was in its queue may be there still.
   */
  readonly continues?: true;
  /** Set by `cancel()` on a job that had not started: the next worker fails it. */
  readonly cancelled?: { readonly reason?: string };
}

/**
 * Reads what another service may have written by hand.
 * @returns a fault in words, or undefined when `data` is a stored payload
 * @internal
 */
export function payloadFault(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    return 'expected an object { "args": [ … ] }';
  }
  const args = (data as { args?: unknown }).args;
  if (args !== undefined && !Array.isArray(args)) return 'expected "args" to be a list';
  return undefined;
}
