import type { RunningJob, LimitKeys } from '../contracts/index.js';
import { jobKey, type ConcurrencyLimit } from '../discovery/index.js';
import { DamagedJobError } from '../errors/index.js';
import type { JobKey, JobKeyFunction } from '../options/index.js';
import { copyOfArguments, type StoredPayload } from '../payload/index.js';

/**
 * The line of a job by what is stored with it; undefined where it has no key, or was added by
 * somebody who does not know what the key belongs to and neither does this process.
 * @internal
 */
export function lineOf(
  { concurrencyKey, concurrencyGroup }: LimitKeys,
  concurrency: ConcurrencyLimit | undefined,
): string | undefined {
  const group = concurrencyGroup ?? concurrency?.group;
  if (group === undefined || concurrencyKey === undefined) return undefined;
  return `${group}|${concurrencyKey}`;
}

/**
 * The key that was stored with a job, or else, for a job that somebody added who does not know of
 * it, the one that its handler makes of its arguments.
 * @throws InvalidEnqueueOptionsError as `jobKey`; DamagedJobError
 * @internal
 */
export function storedKey(
  job: RunningJob,
  limit: 'concurrency' | 'rateLimit',
  key: JobKey | JobKeyFunction | undefined,
): string {
  const { options, payload } = job.stored!;
  const stored: unknown = options[`${limit}Key` satisfies keyof LimitKeys];
  if (typeof stored === 'string') return stored;
  return jobKey(key, argumentsOf(job, payload as StoredPayload), `${limit}.key`, job);
}

function argumentsOf(job: RunningJob, payload: StoredPayload): readonly unknown[] {
  try {
    return copyOfArguments(payload);
  } catch (error) {
    throw new DamagedJobError(job, error instanceof Error ? error.message : String(error));
  }
}
