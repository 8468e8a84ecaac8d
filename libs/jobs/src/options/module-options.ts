import type { ModuleMetadata, Type } from '@nestjs/common';
import type { PgPool, RedisConnectionClient, RedisOptions } from 'bullmq';
import type { SqliteConnection } from 'bullmq-sqlite';
import type { Calendar } from './calendar.js';
import type { ContextCarrier } from './context-carrier.js';
import type { Duration } from './duration.js';
import type { BackoffOptions, Retention } from './job-options.js';

/**
 * Where jobs are stored; the value picks the engine. `file:` and a path, a path that ends in
 * `.sqlite` or `.db`, or what `sqlite()` of bullmq-sqlite returns: a SQLite file of this machine;
 * `:memory:`: the memory of this process, for tests. `redis://`, `rediss://`, ioredis options, an
 * ioredis client or Cluster: Redis. `postgres://`, a `pg.Pool` or its options (`connectionString`
 * or `database`): PostgreSQL. A client or pool that is given stays the application's: it is not
 * closed.
 * @publicApi
 */
export type JobsConnection =
  | string
  | SqliteConnection
  | RedisOptions
  | RedisConnectionClient
  | PgPool
  | { connectionString?: string; database?: string; [option: string]: unknown };

/**
 * Options of one queue.
 * @publicApi
 */
export interface QueueOptions {
  /** How many jobs of the queue one process runs at once. Default 10. */
  concurrency?: number;
  /** At most `max` jobs started in each `per`, over all processes. Default: no limit. */
  rateLimit?: { max: number; per: Duration };
}

/**
 * Options of `JobsModule.forRoot()`. All have defaults.
 * @publicApi
 */
export interface JobsModuleOptions {
  /**
   * Where jobs are stored. Default `'file:./data/jobs.sqlite'`: a file of this machine, made if
   * missing, below the working directory; boot says its whole path, and warns of it when `NODE_ENV`
   * is `production`. A blank text is no connection: a variable of the environment that is set to
   * nothing counts as not set. Blanks and line ends around an address are left out; what may be one
   * without its protocol (`user:password@host`) is refused, not taken for a file.
   */
  connection?: JobsConnection;
  /**
   * PostgreSQL behind a transaction pooler (PgBouncer, and the default address of several clouds):
   * the address of the server itself, as `connection` takes it. It is used to listen and to make
   * the tables; all else goes through `connection`. Default: `connection`, which must not be a
   * transaction pooler then. Refused with other stores.
   */
  directConnection?: JobsConnection;
  /**
   * Redis: what every key starts with; in a Cluster it is wrapped in a hash tag. SQLite: separates
   * the jobs of applications that share a file. Default `'jobs'`. Refused with PostgreSQL, where
   * `schema` does this.
   */
  prefix?: string;
  /**
   * PostgreSQL: the schema that holds the tables. Default `'jobs'`. Refused elsewhere, where
   * `prefix` does this.
   */
  schema?: string;
  /**
   * PostgreSQL: create and upgrade the tables at boot, under an advisory lock. Default true.
   * Refused elsewhere.
   */
  migrate?: boolean;
  /** Options by queue name. Queues named by decorators need no entry. */
  queues?: Readonly<Record<string, QueueOptions>>;
  /** Which queues this process works on: all, none (a producer), or these. Default true. */
  workers?: boolean | readonly string[];
  /** Defaults for all handlers. */
  defaults?: {
    /** See {@link JobOptions.attempts}. Default 10. */
    attempts?: number;
    /** See {@link JobOptions.backoff}. */
    backoff?: BackoffOptions;
    /** See {@link JobOptions.timeout}. Default none. */
    timeout?: Duration;
    /** See {@link QueueOptions.concurrency}. Default 10. */
    concurrency?: number;
    /** See {@link JobOptions.removeOnComplete}. */
    removeOnComplete?: Retention;
    /** See {@link JobOptions.removeOnFail}. */
    removeOnFail?: Retention;
  };
  /** Largest stored size of a job's arguments, in bytes. Default 1 MiB. */
  maxPayloadBytes?: number;
  /** How long the store may take to answer at boot. Default 10 s. */
  connectTimeout?: Duration;
  /**
   * How long an enqueue, and any other call, waits for a lost store before it rejects. Default 5 s.
   */
  enqueueTimeout?: Duration;
  /** How long running jobs may go on after a stop was asked for. Default 30 s. */
  shutdownTimeout?: Duration;
  /**
   * How long jobs may take to react to their aborted signal before they are given back, the giving
   * back of up to 200 ms included. Default 5 s.
   */
  abortTimeout?: Duration;
  /** How long a job whose name no process knows is postponed before it fails. Default 10 min. */
  unknownNameTimeout?: Duration;
  /** Crash detection. A job of a killed process is run again after at most duration + 2 × sweep. */
  lock?: {
    /** How long a worker may be silent before its jobs are taken over. Default 15 s. */
    duration?: Duration;
    /** How often abandoned jobs are looked for, at most 24 days. Default 5 s. */
    sweep?: Duration;
    /** After how many crashes of its worker a job is failed instead of run again. Default 5. */
    maxStalls?: number;
  };
  /**
   * Carries request context (tenant, user, locale, trace) from enqueue to the handler. Default
   * none.
   */
  context?: ContextCarrier;
  /** What goes for all recurring jobs. */
  recurring?: {
    /**
     * Dialect of cron expressions of six and seven fields that give none; five fields are Unix
     * cron. Default: none; then they are Quartz's, and six fields with weekdays by number are
     * refused.
     */
    dialect?: 'unix' | 'quartz';
  };
  /**
   * Calendars by the name that recurring jobs call them. Give all processes the same ones. Default
   * none.
   */
  calendars?: Readonly<Record<string, Calendar>>;
  /**
   * Also run guards, interceptors, pipes and filters that are registered globally. Default false.
   */
  globalEnhancers?: boolean;
}

/**
 * Implemented by a class given to `forRootAsync({ useClass | useExisting })`.
 * @publicApi
 */
export interface JobsOptionsFactory {
  createJobsOptions(): JobsModuleOptions | Promise<JobsModuleOptions>;
}

/**
 * Options of `JobsModule.forRootAsync()`: exactly one of `useFactory`, `useClass`, `useExisting`.
 * @publicApi
 */
export type JobsModuleAsyncOptions = Pick<ModuleMetadata, 'imports'> &
  (
    | {
        // Nest hands over the injected values in the order of `inject`; their types are the
        // factory's.
        useFactory: (...args: never[]) => JobsModuleOptions | Promise<JobsModuleOptions>;
        inject?: readonly unknown[];
        useClass?: undefined;
        useExisting?: undefined;
      }
    | { useClass: Type<JobsOptionsFactory>; useFactory?: undefined; useExisting?: undefined }
    | { useExisting: Type<JobsOptionsFactory>; useFactory?: undefined; useClass?: undefined }
  );
