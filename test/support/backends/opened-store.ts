import { randomUUID } from 'node:crypto';
import {
  FlowProducer,
  type Processor,
  Queue,
  QueueEvents,
  type QueueEventsOptions,
  type QueueOptions,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import { vi } from 'vitest';
import type {
  AnyFactory,
  AnyFlowProducer,
  AnyProcessor,
  AnyQueue,
  AnyQueueEvents,
  AnyWorker,
  BackendName,
  BackendSetup,
  Isolation,
  Store,
  WithoutConnection,
} from './store.js';

/** The store of one running test. */
export class OpenedStore implements Store {
  readonly factory: AnyFactory;
  readonly queueName = `q-${randomUUID().slice(0, 13)}`;
  private readonly closings: (() => Promise<unknown>)[] = [];

  constructor(
    readonly name: BackendName,
    private readonly isolation: Isolation,
  ) {
    this.factory = isolation.factory;
  }

  connect(): { connection: unknown; prefix: string } {
    return this.isolation.connect();
  }

  backend({ queueName = this.queueName, blocking = false, ...options }: BackendSetup = {}) {
    const backend = this.factory(
      queueName,
      // A worker's defaults, without which BullMQ never makes a backend that claims.
      {
        lockDuration: 30_000,
        maxStalledCount: 1,
        stalledInterval: 30_000,
        ...this.connect(),
        ...options,
      },
      blocking ? { blocking } : { withBlockingConnection: true },
    );
    ignoreErrors(backend);
    this.closings.push(() => backend.close(true));
    return backend;
  }

  queue(options: WithoutConnection<QueueOptions<unknown>> = {}, queueName = this.queueName) {
    const queue: AnyQueue = new Queue(queueName, { ...this.connect(), ...options }, this.factory);
    this.closings.push(() => queue.close());
    return queue;
  }

  worker(
    processor: AnyProcessor | null,
    options: WithoutConnection<WorkerOptions<unknown>> = {},
    queueName = this.queueName,
  ) {
    const settings = { ...this.connect(), ...options };
    const worker = new Worker(
      queueName,
      processor as Processor,
      settings,
      this.factory,
    ) as unknown as AnyWorker;
    ignoreErrors(worker);
    this.closings.push(() => worker.close(true));
    return worker;
  }

  queueEvents(options: WithoutConnection<QueueEventsOptions<unknown>> = {}) {
    const settings = { ...this.connect(), lastEventId: '0', ...options };
    const events: AnyQueueEvents = new QueueEvents(this.queueName, settings, this.factory);
    ignoreErrors(events);
    this.closings.push(() => events.close());
    return events;
  }

  flowProducer() {
    const producer: AnyFlowProducer = new FlowProducer(this.connect(), this.factory);
    this.closings.push(() => producer.close());
    return producer;
  }

  setTime(time: number): void {
    if (!vi.isFakeTimers()) {
      vi.useFakeTimers({ toFake: ['Date'] });
      this.closings.push(async () => vi.useRealTimers());
    }
    vi.setSystemTime(time);
  }

  /** The last opened first. */
  async close(): Promise<void> {
    for (const close of this.closings.splice(0).toReversed()) await close();
  }
}

/**
 * An `error` event without a listener would end the test process; a test that wants them listens.
 */
function ignoreErrors(emitter: { on(event: 'error', listener: () => void): unknown }): void {
  emitter.on('error', () => undefined);
}
