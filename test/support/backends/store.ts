import type {
  BackendFactory,
  FlowProducer,
  IQueueBackend,
  Processor,
  Queue,
  QueueEvents,
  QueueEventsOptions,
  QueueOptions,
  Worker,
  WorkerOptions,
} from 'bullmq';

/** The backends that the contract runs on. Redis is the reference: what it does is right. */
export type BackendName = 'redis' | 'postgres' | 'sqlite-memory' | 'sqlite-file';

/** BullMQ's types, for a backend of any kind. */
export type AnyFactory = BackendFactory<IQueueBackend, unknown>;
export type AnyQueue = Queue<
  unknown,
  unknown,
  string,
  unknown,
  unknown,
  string,
  IQueueBackend,
  unknown
>;
export type AnyWorker = Worker<unknown, unknown, string, IQueueBackend, object, unknown>;
export type AnyQueueEvents = QueueEvents<unknown, IQueueBackend, unknown>;
export type AnyFlowProducer = FlowProducer<IQueueBackend, unknown>;
export type AnyProcessor = Processor<never, unknown>;

/** BullMQ's options, of which a store gives the connection. */
export type WithoutConnection<Options> = Omit<Partial<Options>, 'connection'>;

/** What one test gets: a queue name of its own, and everything it opens is closed for it. */
export interface Store {
  readonly name: BackendName;
  readonly factory: AnyFactory;
  /** A queue that no other test uses. */
  readonly queueName: string;
  /** The connection, and the prefix on backends that have one. */
  connect(): { connection: unknown; prefix: string };
  /** A backend object as BullMQ makes it for a worker; `options` are a worker's. */
  backend(options?: BackendSetup): IQueueBackend;
  queue(options?: WithoutConnection<QueueOptions<unknown>>, queueName?: string): AnyQueue;
  worker(
    processor: AnyProcessor | null,
    options?: WithoutConnection<WorkerOptions<unknown>>,
    queueName?: string,
  ): AnyWorker;
  /** Reads the events from the first one on, so that none is missed. */
  queueEvents(options?: WithoutConnection<QueueEventsOptions<unknown>>): AnyQueueEvents;
  flowProducer(): AnyFlowProducer;
  /**
   * Stops the clock of this process at a time in ms, until the test ends. A server's own clock,
   * which Redis takes for locks, rate limits and deduplication, goes on.
   */
  setTime(time: number): void;
}

/** A worker's options, for a backend that belongs to none. */
export type BackendSetup = WithoutConnection<WorkerOptions<unknown>> & {
  queueName?: string;
  /** As BullMQ makes it for QueueEvents: its one connection blocks. */
  blocking?: boolean;
};

/** A place for the jobs of one test file. */
export interface Isolation {
  factory: AnyFactory;
  connect(): { connection: unknown; prefix: string };
  /** Removes everything that was stored. */
  remove(): Promise<void>;
}
