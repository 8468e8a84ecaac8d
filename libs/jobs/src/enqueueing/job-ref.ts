import { InvalidInvocationError } from '../errors/index.js';
import { show } from '../options/index.js';

/**
 * Names a job: its handle, its queue and id, or its id alone (then the known queues are searched).
 * @publicApi
 */
export type JobRef = { readonly queue: string; readonly id: string } | string;

/**
 * Reads a reference once: the object that it is may change.
 * @param purpose for the message, e.g. `to cancel`
 * @throws InvalidInvocationError when it is none
 * @internal
 */
export function readJobRef(ref: JobRef, purpose: string): JobRef {
  if (typeof ref === 'string') return ref;
  const { queue, id } = (ref ?? {}) as Partial<Record<'queue' | 'id', unknown>>;
  if (typeof queue === 'string' && typeof id === 'string') return { queue, id };
  throw new InvalidInvocationError(
    `Expected a job's handle, { queue, id } or id ${purpose}, got ${show(ref)}.`,
  );
}
