/**
 * Which jobs could not be read, and why. Kept beside the objects, not in them: a mark inside would
 * be stored or listed with the job.
 */
const reasons = new WeakMap<object, string>();

/** Marks a job, or the stored form that it will be built from, as unreadable. @internal */
export function markDamaged(target: object, reason: string): void {
  reasons.set(target, reason);
}

/**
 * Why a job's stored form could not be read; undefined for a healthy job.
 * @internal
 */
export function damageOf(job: object): string | undefined {
  return reasons.get(job);
}
