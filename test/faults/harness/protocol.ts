import type { JobDetails, JobsModuleOptions, Recurrence, RecurringJob } from 'nestjs-jobs';

/** What a job does; it is the job's argument, so that one handler serves all rows. */
export type Behaviour =
  /** Takes this long and succeeds, whatever happens. */
  | { does: 'work'; ms: number }
  /** Runs until its signal aborts, then throws the signal's reason. */
  | { does: 'obey' }
  /** Runs until its signal aborts, then returns as if nothing had happened. */
  | { does: 'return-late' }
  /** Does so many steps, each once and taking this long. */
  | { does: 'steps'; count: number; ms: number }
  /** Holds the event loop for this long, as a computation does. */
  | { does: 'compute'; ms: number }
  /** Ends its process. */
  | { does: 'exit' };

/** Everything a child process is told when it starts: JSON in its first argument. */
export interface AppConfig {
  connection: string;
  prefix?: string;
  schema?: string;
  /** Path of the ledger. */
  ledger: string;
  /** Options of `forRoot()` that survive JSON. */
  options: Omit<JobsModuleOptions, 'connection' | 'prefix' | 'schema' | 'context'>;
  /** Whether this version of the app has the handler `Upgrade.run`. Default false. */
  upgraded?: boolean;
  /** Recurring jobs that the app registers when it boots. Default none. */
  recurring?: readonly RecurringConfig[];
  /** How long the run of a tick takes. Default 0. */
  tickMs?: number;
  /**
   * Whether the process ends itself, as by kill -9, when it is about to complete its first job.
   * Default false.
   */
  diesAtCompletion?: boolean;
  /** Where the process kills itself. Default nowhere. */
  dieAt?: DeathPoint;
  /** Present where the app has handlers with concurrency keys. */
  keyed?: {
    /** Whether they check the limit through permits of the store. */
    isChecked: boolean;
  };
  /** Whether handlers return at once, whatever they are told to do. Default false. */
  finishAtOnce?: boolean;
  /** The process kills itself when the module tells this step of a hub. Default never. */
  diesAtHubStep?: string;
  /** Whether the app has the handlers of the mixed load. Default false. */
  mixed?: boolean;
}

/** A step of a job or of a hub, as the module tells it, or `last line` of a handler. */
export interface DeathPoint {
  step: string;
  /** Parts of the ids of those jobs and hubs that it is meant for. */
  of: readonly string[];
}

/** How a job gets its continuation: by a chain, by `continueWith`, or by `@Continuation()`. */
export type FollowShape = 'chain' | 'continued' | 'declared';

/** A recurring job. */
export interface RecurringConfig {
  id: string;
  recurrence: Recurrence;
  overlap: 'skip' | 'queue' | 'allow';
  misfire?: 'fire-once' | 'skip' | 'fire-all';
  misfireThreshold?: number;
  /** Unix milliseconds. */
  endAt?: number;
}

/** A load to enqueue. */
export interface EnqueueRequest {
  /** Jobs get the labels `<label>-<first>` and following. */
  label: string;
  first?: number;
  count: number;
  /** What every job does; with a range of `ms`, seeded by `seed`. */
  behaviour: Behaviour | { does: 'work'; ms: readonly [number, number] };
  seed?: number;
  /** How many calls are open at once. Default 10. */
  lanes?: number;
  /** Pause of a lane between two calls. Default none. */
  pauseMs?: number;
  /**
   * Whether the label is given as the job's id, instead of one made by the module. Default false.
   */
  ownIds?: boolean;
  /** Whether the label is the job's idempotency key. Default false. */
  keys?: boolean;
  /** Which handler. Default `workload`. */
  handler?: 'workload' | 'upgrade';
}

/** A load of jobs with concurrency keys: those of all keys in turns. */
export interface EnqueueKeyedRequest {
  /** Each as `<name>x<limit>`. */
  keys: string[];
  /** Labels are `<key>-<number>`, from this number on. */
  first: number;
  count: number;
  /** How long each takes. */
  ms: number;
  /** Whether the same work is enqueued without a key. */
  isFree: boolean;
}

/** Where a job is. */
export interface JobAddress {
  label: string;
  jobId: string;
}

/** What the store says of a job. */
export type StoredJob = JobAddress &
  Pick<JobDetails, 'attemptsMade' | 'failedReason'> & { state: string; result?: unknown };

/** What a child process can be asked, by name: `[request, answer]`. */
export interface AppCommands {
  /** Enqueues, repeating each call until its outcome is known; answers when all are stored. */
  enqueue: [EnqueueRequest, { uncertain: number; refused: number }];
  /** How many jobs wait. */
  waiting: [undefined, number];
  /** Stores a batch; its jobs have the labels `<label>-0` and following. */
  batch: [Pick<EnqueueRequest, 'label' | 'count'> & { behaviour: Behaviour }, { id: string }];
  /** Enqueues jobs with concurrency keys; answers when all are stored. */
  enqueueKeyed: [EnqueueKeyedRequest, { stored: number }];
  /** Reads jobs from the store. */
  inspect: [JobAddress[], StoredJob[]];
  /** Cancels, one after the other. */
  cancel: [{ jobs: JobAddress[]; pauseMs: number }, { accepted: number }];
  /** Reads all recurring jobs. */
  recurring: [undefined, Pick<RecurringJob, 'id' | 'state' | 'runs' | 'misfires' | 'skips'>[]];
  /** Enqueues the job `a-<label>` with the continuation `c-<label>`; those are labels and ids. */
  follow: [{ label: string; shape: FollowShape }, undefined];
  /** Waits for the results of jobs that this process enqueued, all at once. */
  results: [{ jobs: JobAddress[]; timeoutMs: number }, { values: unknown[]; errors: string[] }];
  /** Enqueues jobs of every kind for a time. */
  mix: [MixRequest, { calls: number }];
  /**
   * Cancels, retries, removes and promotes jobs of this process's mixed load, and pauses the queue,
   * for a time.
   */
  meddle: [{ seed: number; ms: number; pauseMs: number }, Record<string, number>];
  /** How many jobs and hubs have not ended, by their states; nothing when all have. */
  live: [undefined, Record<string, number>];
  /** Removes all recurring jobs. */
  endRecurring: [undefined, undefined];
  /** Removes all jobs that have ended. */
  clean: [undefined, undefined];
  /** Has every sweep of the module take place now. */
  sweep: [undefined, undefined];
  /** Sets the wall clock of a process that was started with one that is shifted. */
  setClock: [{ shiftMs: number }, undefined];
}

/** A load of jobs of every kind. */
export interface MixRequest {
  seed: number;
  /** What labels start with; without `-`. */
  name: string;
  ms: number;
  /** How many calls are open at once. */
  lanes: number;
  /** The mean pause of a lane between two calls. */
  pauseMs: number;
}

/** Parent to child. */
export interface CommandMessage {
  call: number;
  command: keyof AppCommands;
  request: unknown;
}

/** Child to parent: ready once, then an answer for each command. */
export type ChildMessage =
  { ready: true } | { call: number; answer: unknown } | { call: number; error: string };

/** The one queue of all rows. */
export const QUEUE = 'faults';
