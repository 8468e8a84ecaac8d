import { createHash } from 'node:crypto';

/**
 * All first digits of {@link hubKeyOf}, for sweeps that go through the records part by part.
 * @internal
 */
export const SHARDS: readonly string[] = Array.from('0123456789abcdef');

/**
 * A job's queue and id as 32 hexadecimal digits: the same in every process, with no character that
 * a key or an id could not have.
 * @internal
 */
export function hubKeyOf({ queue, id }: { readonly queue: string; readonly id: string }): string {
  return createHash('sha256').update(`${queue}\n${id}`).digest('hex').slice(0, 32);
}
