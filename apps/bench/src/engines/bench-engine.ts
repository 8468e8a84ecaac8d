import type {
  Job,
  JobsOptions,
  Processor,
  Queue,
  QueueOptions,
  Worker,
  WorkerOptions,
} from 'bullmq';
import type { JobsModuleOptions } from 'nestjs-jobs';

/**
 * A name that no other run uses: the Redis key prefix, the PostgreSQL schema, or the SQLite file.
 */
export interface Isolation {
  readonly id: string;
}

/** What is used of BullMQ's queue; the same on every backend. */
export type RawQueue = Pick<Queue, 'close' | 'getJobCounts' | 'obliterate' | 'waitUntilReady'> & {
  add(name: string, data: unknown, options?: JobsOptions): Promise<Job>;
  upsertJobScheduler(
    id: string,
    repeat: { pattern: string },
    template: { name: string },
  ): Promise<unknown>;
  addBulk(jobs: { name: string; data: unknown }[]): Promise<Job[]>;
};

/** What is used of BullMQ's worker; the same on every backend. */
export type RawWorker = Pick<Worker, 'close' | 'waitUntilReady'>;

/** BullMQ as a good user of it would set it up on one store, with nothing of ours. */
export interface RawBullmq {
  queue(name: string, options?: Omit<QueueOptions, 'connection' | 'prefix'>): RawQueue;
  worker(
    name: string,
    processor: Processor,
    options: Omit<WorkerOptions, 'connection' | 'prefix'>,
  ): RawWorker;
  /** Closes the connections that queues and workers share. They are closed before. */
  close(): Promise<void>;
}

/**
 * One store that both subjects can be measured on. A new engine is one file like its neighbours. It
 * loads drivers and BullMQ when they are used, since `boot` measures a process that has not.
 */
export interface BenchEngine {
  readonly name: string;
  /** Fewer rounds are run where each takes long. */
  readonly isSlow: boolean;
  /**
   * Whether boot is measured on a new store: one that the application makes itself when it starts
   * for the first time.
   */
  readonly isEmbedded?: boolean;
  /**
   * The store's version and the settings that its speed depends on, on one line.
   * @throws Error that names the address, when the store does not answer
   */
  describe(): Promise<string>;
  /** Creates, untimed, what BullMQ needs before its first use. */
  prepare(isolation: Isolation): Promise<void>;
  /** What `JobsModule.forRoot()` is given. */
  moduleOptions(isolation: Isolation): Promise<JobsModuleOptions>;
  /** BullMQ's own classes on this store. */
  openBullmq(isolation: Isolation): Promise<RawBullmq>;
  /** Opens one connection, makes one round trip, and closes it. */
  connectOnce(): Promise<void>;
  /** Removes everything that was stored under these names. */
  cleanup(isolation: Isolation): Promise<void>;
}
