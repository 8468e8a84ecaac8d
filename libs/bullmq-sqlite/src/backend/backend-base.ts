import { EventEmitter } from 'node:events';
import type { IQueueBackend, StreamReadRaw } from 'bullmq';
import { jobError, type Refusal } from '../errors/index.js';
import * as events from '../jobs/queue/events.js';
import type { Operation } from '../store/index.js';
import { nextTurn } from '../timers/index.js';
import type { Life } from './backend-life.js';
import type { BackendOptions } from './backend-options.js';
import { JobEnds } from './job-ends.js';
import { JobWaits } from './job-waits.js';
import { parseNodeKey, QueueNames } from './queue-names.js';

/** The result of one of the contract's methods. */
export type Result<Method extends keyof IQueueBackend> = IQueueBackend[Method] extends (
  ...args: never[]
) => infer Returned
  ? Returned
  : never;

/** What every part of the backend stands on: the file, the queue's names, and waiting. */
export abstract class BackendBase extends EventEmitter {
  /** Fractions of a second are no trouble for a timer. */
  readonly minimumBlockTimeout = 0.001;
  /**
   * A wait ends by itself when a delayed job is due, so an idle worker need not come back, in
   * seconds.
   */
  readonly maximumBlockTimeout = 3_600;

  protected readonly names: QueueNames;
  protected readonly ends: JobEnds;
  readonly #waits: JobWaits;

  constructor(
    queueName: string,
    protected readonly options: BackendOptions,
    protected readonly life: Life,
  ) {
    super();
    this.names = new QueueNames(options.prefix, queueName);
    this.#waits = new JobWaits(life, this.names.qualified);
    this.ends = new JobEnds(life, options.claim.lockDuration, (error) => {
      // An emitter without a listener for errors throws them.
      if (this.listenerCount('error') > 0) this.emit('error', error);
    });
    life.forwardTo(this);
  }

  get closing(): Promise<void> | undefined {
    return this.life.closing;
  }

  waitUntilReady(): Promise<void> {
    return this.life.ready();
  }

  close(): Promise<void> {
    this.#waits.end();
    return this.life.close();
  }

  disconnect(): Promise<void> {
    this.#waits.end();
    return Promise.resolve();
  }

  setName(name: string): Promise<void> {
    return this.life.setName(name);
  }

  get qualifiedName(): string {
    return this.names.qualified;
  }

  get keys(): IQueueBackend['keys'] {
    return this.names.keys;
  }

  toKey(type: string): string {
    return this.names.key(type);
  }

  parseNodeKey(key: string): Result<'parseNodeKey'> {
    return parseNodeKey(key);
  }

  clientName(suffix = ''): string {
    return this.names.clientName(suffix);
  }

  trimEvents(maxLength: number): Promise<number> {
    return this.write((tx) => events.trimEventsTo(tx, this.qualifiedName, maxLength));
  }

  publishEvent(fields: Record<string, string | number>, maxEvents: number): Promise<string> {
    return this.write((tx) => events.publishEvent(tx, this.qualifiedName, fields, maxEvents));
  }

  readEvents(id: string, blockTimeout: number): Promise<StreamReadRaw> {
    return this.#waits.readEvents(id, blockTimeout);
  }

  waitForJob(blockTimeout: number): Result<'waitForJob'> {
    return this.#waits.waitForJob(blockTimeout);
  }

  disconnectBlocking(): Promise<void> {
    this.#waits.end();
    return Promise.resolve();
  }

  reconnectBlocking(): Promise<void> {
    this.#waits.allow();
    return Promise.resolve();
  }

  protected write<Value>(operation: Operation<Value>): Promise<Value> {
    return this.life.write(operation);
  }

  /** Like `write`, for what a worker asks for again and again: after a loss of power too. */
  protected claim<Value>(operation: Operation<Value>): Promise<Value> {
    return (
      this.life
        .write(operation, { synced: false })
        // Not in the turn in which the add of the same job is answered: its caller is told first.
        .then((value) => nextTurn().then(() => value))
        .catch((error: unknown) => this.#waits.rethrowLater(error))
    );
  }

  protected read<Value>(operation: Operation<Value>): Promise<Value> {
    return this.life.read(operation);
  }
}

/** A result that is no error code. */
export function accepted<Value extends string | number>(result: Value, refusal: Refusal): Value {
  if (typeof result === 'number' && result < 0) throw jobError(result, refusal);
  return result;
}
