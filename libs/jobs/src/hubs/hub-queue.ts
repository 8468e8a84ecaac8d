import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import {
  FlowProducer,
  type BackendFactory,
  type JobsOptions,
  type Queue,
  type RedisQueueBackend,
} from 'bullmq';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { QueueRegistry, SafeQueue } from '../engines/index.js';
import { StoreOutage } from '../execution/index.js';
import { endsWithin, GOODBYE_MS } from '../lifecycle/index.js';
import { HUBS_QUEUE } from '../options/index.js';
import { StoreCalls, type PreparedJob } from '../enqueueing/index.js';
import { assertFlowStored, flowEntries, type FlowNode } from './hub-flow.js';
import { hubOptions } from './hub-options.js';

/** A store that takes longer than this for each job, beyond the usual time, does not answer. */
const MS_PER_JOB = 1;

/** A hub as it is added. @internal */
export interface HubDraft {
  /** The name of its `HubKind`. */
  readonly kind: string;
  /** Unique among all hubs: without `:`, and no integer. */
  readonly id: string;
  /** A few bytes: whatever is long has a record of its own. */
  readonly data: object;
  /**
   * How long it is kept when it is done, with what it returned and what its children told it.
   * Default 0.
   */
  readonly keptForMs?: number;
}

/**
 * A job that is to be a hub's child: a prepared job, or a hub with children of its own. @internal
 */
export type HubChild = PreparedJob | (HubDraft & { readonly children: readonly HubChild[] });

/** A job that is stored already. @internal */
export interface StoredChild {
  readonly queue: string;
  readonly id: string;
  readonly name: string;
}

/**
 * Where hubs are: one queue for all of them, so that a hub waits behind no backlog, pause or rate
 * limit of the jobs that it follows.
 * @internal
 */
@Injectable()
export class HubQueue implements OnApplicationShutdown {
  private queue: SafeQueue | undefined;
  private flows: FlowProducer | undefined;

  constructor(
    private readonly queues: QueueRegistry,
    private readonly calls: StoreCalls,
    private readonly outage: StoreOutage,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  /** BullMQ's queue of the hubs. */
  get bullmq(): Queue {
    if (this.queue === undefined) {
      this.queue = new SafeQueue(HUBS_QUEUE, this.engine);
      this.queue.on('error', (error) => void this.outage.noticedIn(error));
    }
    return this.queue;
  }

  /** Writes again what is stored of the queue when it is opened. */
  async restoreMeta(): Promise<void> {
    await this.queue?.restoreMeta();
  }

  /** What a job's `parent` says when it is the child of a hub. */
  get qualifiedName(): string {
    return this.bullmq.qualifiedName;
  }

  /**
   * Adds a hub and jobs that it waits for, all or none of them. Repeating it is safe.
   * @throws StoreUnavailableError
   */
  async addWith(hub: HubDraft, children: readonly HubChild[]): Promise<void> {
    const what = `${hub.kind} "${hub.id}"`;
    const flow = { ...hubNode(hub), children: children.map(toNode) };
    const entries = flowEntries(flow, (name) =>
      name === HUBS_QUEUE ? this.bullmq : this.queues.get(name),
    );
    const extraMs = entries.length * MS_PER_JOB;
    const add = () => this.bullmq.getBackend().addFlow(entries);
    assertFlowStored(await this.calls.change(`store the ${what}`, add, extraMs), what);
  }

  /**
   * Adds a hub that waits for a job which is stored already, in whatever state that is. One that
   * has completed releases the hub at once; one that has failed does not, before it is retried.
   * @returns false when the job has another parent, and the hub was not added
   */
  async adopt(hub: HubDraft, child: StoredChild): Promise<boolean> {
    await this.calls.change(`store the ${hub.kind} "${hub.id}"`, () =>
      this.producer.add({ ...hubNode(hub), children: [stubOf(child)] }),
    );
    const adopted = await this.queues.get(child.queue).getJob(child.id);
    // Removed meanwhile, by which the hub was released.
    if (adopted === undefined) return true;
    if (adopted.parentKey !== this.bullmq.toKey(hub.id)) {
      await this.remove(hub.id);
      return false;
    }
    // On PostgreSQL, a job that completes in this very moment may not have seen its parent yet.
    if (adopted.finishedOn !== undefined && (await this.hasCompleted(child)))
      await this.release(hub.id, child);
    return true;
  }

  /** Adds a hub that waits for nothing but its time: its kind looks how things are. */
  async addAlone(hub: HubDraft, delayMs = 0): Promise<void> {
    const opts = { ...hubOptions(hub), ...(delayMs > 0 && { delay: delayMs }) };
    await this.calls.change(`store the ${hub.kind} "${hub.id}"`, () =>
      this.bullmq.add(hub.kind, hub.data, opts),
    );
  }

  /** What a key stands for by which a hub names a child. */
  childOf(key: string): { readonly queue: string; readonly id: string; readonly isHub: boolean } {
    const { queueName: queue, id } = this.bullmq.getBackend().parseNodeKey(key);
    return { queue, id, isHub: queue === HUBS_QUEUE };
  }

  /**
   * Lets a hub that waits run, although its child has not told it its end. @returns false when it
   * does not wait
   */
  async release(hubId: string, child: Pick<StoredChild, 'queue' | 'id'>): Promise<boolean> {
    if (!(await this.isWaiting(hubId))) return false;
    const job = await this.queues.get(child.queue).getJob(child.id);
    try {
      return (await job?.removeChildDependency()) ?? false;
    } catch (error) {
      // Released by its child meanwhile, and gone.
      if (await this.isWaiting(hubId)) throw error;
      return false;
    }
  }

  /** Removes a hub that does not run; its children stay. */
  async remove(id: string): Promise<void> {
    await this.bullmq.remove(id, { removeChildren: false });
  }

  /** @internal */
  async onApplicationShutdown(): Promise<void> {
    const closing = Promise.all([this.flows?.close(), this.queue?.close()]);
    await endsWithin(GOODBYE_MS, closing);
  }

  private async hasCompleted({ queue, id }: StoredChild): Promise<boolean> {
    return (await this.queues.get(queue).getJobState(id)) === 'completed';
  }

  private async isWaiting(hubId: string): Promise<boolean> {
    return (await this.bullmq.getJobState(hubId)) === 'waiting-children';
  }

  private get producer(): FlowProducer {
    if (this.flows === undefined) {
      // As for queues: the class names Redis's backend as its type for `getBackend()` alone.
      const factory = this.engine.backendFactory as BackendFactory<RedisQueueBackend>;
      this.flows = new FlowProducer(this.engine.bullmqOptions, factory);
      this.flows.on('error', (error) => void this.outage.noticedIn(error));
    }
    return this.flows;
  }
}

function hubNode(hub: HubDraft): FlowNode {
  return { queueName: HUBS_QUEUE, name: hub.kind, data: hub.data, opts: hubOptions(hub) };
}

function toNode(child: HubChild): FlowNode {
  if ('kind' in child) {
    const node = hubNode(child);
    return { ...node, opts: asChild(node.opts!), children: child.children.map(toNode) };
  }
  const { queue, id, name, data, opts } = child;
  return { queueName: queue, name, data, opts: asChild({ ...opts, jobId: id }) };
}

/** A child's failure releases its parent, and is told to it. */
function asChild(opts: JobsOptions): JobsOptions {
  return { ...opts, ignoreDependencyOnFailure: true };
}

/** What takes the place of a child that is gone by the time: a job that fails without running. */
function stubOf({ queue, id, name }: StoredChild): FlowNode {
  const data = { args: [], cancelled: { reason: 'it was removed' } };
  const opts = { jobId: id, attempts: 1, removeOnFail: { age: 60 } };
  return { queueName: queue, name, data, opts: asChild(opts) };
}
