import { errorText } from '../errors/index.js';
import { toStorableText } from '../payload/index.js';

/** The last so many stacks of failed attempts are kept, unless the job has a `stackTraceLimit`. */
const MOST_STACKS = 10;

/**
 * Adds the stack of a failed attempt, with its causes, to those that a job keeps.
 * @internal
 */
export function withStackOf(
  error: Error,
  kept: readonly string[] | null | undefined,
  limit = MOST_STACKS,
): string[] {
  if (limit === 0) return [];
  return [...(kept ?? []), toStorableText(errorText(error))].slice(-limit);
}
