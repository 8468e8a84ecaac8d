import { Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import type { Engine } from '../contracts/index.js';
import { SafeQueue } from './safe-queue.js';

/** Told of errors that a queue's connection reports outside any call. @internal */
export type QueueErrorListener = (error: Error, queue: string) => void;

/**
 * The queues of one engine, each built when it is first asked for. Queues share the engine's
 * connection, so one more costs no socket.
 * @internal
 */
@Injectable()
export class QueueRegistry {
  private readonly queues = new Map<string, SafeQueue>();
  private closing: Promise<void> | undefined;

  /**
   * @param onError told of connection errors; without it they are dropped, since each call that
   * meets one rejects with it anyway. Either way they never crash the process.
   */
  constructor(
    private readonly engine: Engine,
    private readonly onError: QueueErrorListener = () => undefined,
  ) {}

  /** The queue of that name, the same one each time. */
  get(name: string): Queue {
    const existing = this.queues.get(name);
    if (existing) return existing;
    const queue = new SafeQueue(name, this.engine);
    queue.on('error', (error) => this.onError(error, name));
    this.queues.set(name, queue);
    return queue;
  }

  /** Names of the queues that were asked for so far. */
  names(): readonly string[] {
    return [...this.queues.keys()];
  }

  /** Writes again what is stored of queues when they are opened. */
  async restoreMetas(): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.restoreMeta()));
  }

  /** Closes all queues; their engine stays open. */
  async close(): Promise<void> {
    this.closing ??= Promise.all([...this.queues.values()].map((queue) => queue.close())).then(
      () => undefined,
    );
    await this.closing;
  }
}
