import type { JobJson, JobsOptions, KeepJobs, MinimalJob, ParentKeyOpts, ParentKeys } from 'bullmq';

/** A job to add, as a test describes it. */
export interface Draft {
  id?: string;
  name?: string;
  data?: unknown;
  /** When the job was made; a time in the past makes a delay end sooner. */
  timestamp?: number;
  opts?: JobsOptions;
  /** Its parent; what its failure does to the parent is in `opts`. */
  parent?: ParentKeys;
  /** Whether it waits for children that are added after it. */
  waitsForChildren?: boolean;
}

/** What a claim returns, in words. */
export interface Claim {
  job: JobJson | undefined;
  id: string | undefined;
  /** For how many ms the rate limit lets nothing through. */
  limitedFor: number;
  /** When the next delayed job is due. */
  delayUntil: number;
}

/** How a test ends a job. */
export interface Ending {
  token?: string;
  fetchNext?: boolean;
  keep?: boolean | number | KeepJobs;
  /** The job's options, as a worker passes them. */
  opts?: JobsOptions;
  fieldsToUpdate?: Record<string, unknown>;
}

/** What `addJob`, `addJobs` and `addFlow` take. */
export function entryOf(draft: Draft): {
  job: JobJson;
  jobId: string;
  parentKeyOpts: ParentKeyOpts;
} {
  const parent = draft.parent && { ...draft.parent, ...policyOf(draft.opts) };
  const parentKey = parent === undefined ? undefined : `${parent.queueKey}:${parent.id}`;
  const job = {
    name: draft.name ?? 'work',
    data: JSON.stringify(draft.data ?? {}),
    opts: { attempts: 0, ...draft.opts },
    progress: 0,
    attemptsMade: 0,
    attemptsStarted: 0,
    stalledCounter: 0,
    timestamp: draft.timestamp ?? Date.now(),
    stacktrace: 'null',
    returnvalue: 'null',
    ...(draft.id !== undefined && { id: draft.id }),
    ...(parent !== undefined && { parent, parentKey }),
    ...(draft.opts?.deduplication !== undefined && {
      deduplicationId: draft.opts.deduplication.id,
    }),
  } as JobJson;
  return {
    job,
    jobId: draft.id as string,
    parentKeyOpts: {
      parentKey,
      parentDependenciesKey: parentKey === undefined ? '' : `${parentKey}:dependencies`,
      addToWaitingChildren: draft.waitsForChildren,
    },
  };
}

/**
 * What a child's failure does to its parent, in the short words that BullMQ stores in the child.
 */
function policyOf(opts: JobsOptions = {}): Partial<ParentKeys> {
  return {
    ...(opts.failParentOnFailure === true && { fpof: true }),
    ...(opts.continueParentOnFailure === true && { cpof: true }),
    ...(opts.ignoreDependencyOnFailure === true && { idof: true }),
    ...(opts.removeDependencyOnFailure === true && { rdof: true }),
  };
}

/** An id or a delay that is missing is 0, '' or undefined, depending on the backend. */
export function claimOf(result: unknown): Claim {
  const [job, id, limitedFor, delayUntil] = (result ?? []) as [
    JobJson | null | undefined,
    string | 0 | undefined,
    number | undefined,
    number | undefined,
  ];
  return {
    job: job ?? undefined,
    id: id || undefined,
    limitedFor: limitedFor ?? 0,
    delayUntil: delayUntil ?? 0,
  };
}

/** A job with what a backend reads of it: a worker passes the whole `Job`. */
export function minimal(id: string, { opts = {} }: Pick<Ending, 'opts'> = {}): MinimalJob {
  return { id, opts: { attempts: 0, ...opts } } as MinimalJob;
}
