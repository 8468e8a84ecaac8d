/**
 * Where BullMQ's scripts are told the time of this process: the place among their keys and
 * arguments, from 0. Those that add a job get it with the job.
 * @internal
 */
export const TIME_AT = {
  addJobScheduler: 17,
  changeDelay: 5,
  cleanJobsInSet: 4,
  // That is absent where all delayed jobs are counted.
  getCounts: 1,
  moveJobsToWait: 9,
  moveStalledJobsToWait: 11,
  moveToActive: 12,
  moveToDelayed: 12,
  moveToFinished: 15,
  moveToWaitingChildren: 9,
  releaseParentIfNoPendingDependencies: 4,
  retryJob: 12,
  updateJobScheduler: 16,
} as const;

const PLACES: Readonly<Record<string, number>> = TIME_AT;

const CLAIMING: ReadonlySet<string> = new Set(['moveToActive', 'moveToDelayed', 'moveToFinished']);

/** Whether a script may answer with a claimed job, and when the next one is due. @internal */
export function isClaiming(script: string): boolean {
  return CLAIMING.has(script);
}

/**
 * What a claiming script answers: the job's fields and their values in turn, its id, ms of the
 * limit, the next due time.
 */
type RawClaim = [fields: unknown, id: unknown, limitedFor: number, due: unknown];

/**
 * The keys and arguments of a script, with the time of the store in the place of this process's:
 * whether a job is due is then judged by one clock for the whole fleet.
 * @param offset what to add to this process's time to get the store's
 * @internal
 */
export function inStoreTime(script: string, args: unknown[], offset: number): unknown[] {
  const time = Number(args[PLACES[script] ?? -1]);
  return Number.isNaN(time) ? args : args.with(PLACES[script]!, time + offset);
}

/**
 * Brings the times in the answer of a claim back to this process's clock, by which BullMQ's worker
 * decides how long to sleep.
 * @internal
 */
export function inLocalTime(reply: unknown, offset: number): unknown {
  if (!Array.isArray(reply)) return reply;
  const [fields, id, limitedFor, due] = reply as RawClaim;
  return [localFields(fields, offset), id, limitedFor, localDue(Number(due), offset)];
}

/** @param due 0 for a job that need not be waited for @internal */
export function localDue(due: number, offset: number): number {
  return due > 0 ? due - offset : due;
}

function localFields(fields: unknown, offset: number): unknown {
  if (!Array.isArray(fields)) return fields;
  // A value may read as the name of a field.
  const name = fields.findIndex((part, i) => i % 2 === 0 && part === 'processedOn');
  return name === -1 ? fields : fields.with(name + 1, String(Number(fields[name + 1]) - offset));
}
