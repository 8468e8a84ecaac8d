import type { BackendFactory, QueueBaseOptions } from 'bullmq';
import type { CoordinationStore } from './coordination-store.js';
import type { ExpiringRows } from './expiring-rows.js';
import type { StartStore } from './start-store.js';
import type { TurnStore } from './turn-store.js';

/** DI token of the {@link Engine}. @internal */
export const JOBS_ENGINE = Symbol('nestjs-jobs:engine');

/**
 * What an engine can do. Code asks these flags, never an engine's name.
 * @publicApi
 */
export interface EngineCapabilities {
  /**
   * Jobs can be enqueued inside a transaction of the application (`JobScheduler.withTransaction`).
   */
  readonly transactionalEnqueue: boolean;
  /** Processes on other machines can share the jobs. */
  readonly sharedAcrossMachines: boolean;
  /** Jobs are still there when the process that stored them has ended. */
  readonly outlivesProcess: boolean;
}

/** Why the store surely did not do what it was asked for. @internal */
export interface Refusal {
  readonly reason: string;
  /** Whether to ask again soon is of no use, as when memory, disk or a permission lack. */
  readonly lasts: boolean;
  /** Whether nothing was done of an operation with several jobs; else some may be stored. */
  readonly isWhole: boolean;
}

/**
 * Where jobs are stored: a BullMQ backend, its connection, and the coordination store beside it.
 * One instance for each `forRoot()`. Everything above talks to a datastore through this alone.
 * @internal
 */
export interface Engine {
  /** `redis`, `postgres` …: for messages and metrics only. */
  readonly name: string;
  readonly capabilities: EngineCapabilities;
  /** Host and port (or file) of the store, never credentials. */
  readonly address: string;
  /**
   * Which store it is and where in it the jobs are, for people to read; complete when it is
   * connected. No credentials.
   */
  readonly place: string;
  /**
   * What BullMQ's classes are constructed with. The `connection` in it is this engine's own object:
   * the default backend factory recognises it, so that classes which `@nestjs/bullmq` or
   * bull-board construct with it get this engine's backend too.
   */
  readonly bullmqOptions: QueueBaseOptions;
  /** Builds this engine's backend: BullMQ's own, with its traps closed. */
  readonly backendFactory: BackendFactory;
  /**
   * What to add to this process's wall clock to get the store's, in ms: an estimate that asks
   * nobody. 0 where the store has no clock of its own.
   */
  readonly clockOffset: number;
  readonly store: CoordinationStore;
  /** The lines of concurrency keys. */
  readonly turns: TurnStore;
  /** The starts of rate-limited keys. */
  readonly starts: StartStore;
  /** What somebody has to call now and then. */
  readonly expiring: readonly ExpiringRows[];

  /**
   * Connects, creates or upgrades what has to be there, and proves that the store answers.
   * @throws StoreUnreachableError within `connectTimeout`
   */
  connect(): Promise<void>;
  /**
   * Looks whether a newer version, of BullMQ or ours, has changed tables or keys so that this one
   * cannot work on them.
   * @returns what was expected and what was found, in words; undefined when this version can
   */
  newerThanKnown(): Promise<string | undefined>;
  /**
   * One round trip to the store.
   * @param timeoutMs rejects after this long
   * @returns how long it took, in ms
   */
  ping(timeoutMs: number): Promise<number>;
  /** Whether an error means that the store could not be reached, or cannot serve for now. */
  isConnectionError(error: unknown): boolean;
  /**
   * What an error says for sure of the operation that met it; undefined when its outcome is
   * unknown.
   */
  refusalOf(error: unknown): Refusal | undefined;
  /** Whether `close()` was called: nothing can be stored any more. */
  readonly isClosed: boolean;
  /**
   * A backend that writes through the application's own open transaction.
   * Present when `capabilities.transactionalEnqueue`.
   * @param client the driver's client or connection that holds the transaction
   */
  transactionBackend?(client: unknown): BackendFactory;
  /** Closes what the engine opened; a client that the application gave stays open. */
  close(): Promise<void>;
}
