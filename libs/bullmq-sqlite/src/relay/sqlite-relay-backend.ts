import { hostname } from 'node:os';
import {
  type IRelayBackend,
  type RelayBackendOptions,
  RelayError,
  RelayErrorCode,
  type RelayInboxBatch,
  type RelayNodeInfo,
  type RelayPublishOptions,
  type RelayPublishResult,
  type RelaySubscribeResult,
} from 'bullmq';
import type { SqliteConnection } from '../connection/index.js';
import { type Operation, openStore } from '../store/index.js';
import { FIRST_CURSOR, InboxReader, positionOf } from './inbox-reader.js';
import { trimInbox } from './operations/inbox.js';
import {
  type Reader,
  registerNode,
  renewLease,
  setReader,
  unsetReader,
} from './operations/nodes.js';
import { publish } from './operations/publish.js';
import { removeExpiredNodes, removeLeftovers, unregisterNode } from './operations/removal.js';
import { deleteRetained } from './operations/retained.js';
import { removeEndpoint, subscribe } from './operations/subscriptions.js';
import { isRelayId, patternSegments, topicSegments } from './operations/topic.js';
import { RelayGetters } from './relay-getters.js';

/** BullMQ's default for `inboxMaxLength`. */
const DEFAULT_INBOX_LIMIT = 10_000;

/**
 * BullMQ's relay on a SQLite file. It has Redis's semantics; `prefix` is of no meaning, as the file
 * is what isolates.
 *
 * Of all that it writes only retained messages outlive the processes that use the file, so only
 * they, and their deletion, wait for the disk. A node that was swept, or whose lease is over, takes
 * its subscriptions and its inbox along; these are deleted in portions, so that jobs run in
 * between.
 */
export class SqliteRelayBackend extends RelayGetters implements IRelayBackend {
  readonly initialInboxCursor = FIRST_CURSOR;
  readonly #inbox: InboxReader;
  readonly #nodeId: string | undefined;
  readonly #inboxLimit: number;
  /** Set by the first read of the node's inbox. */
  #reader: Reader | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RelayBackendOptions<SqliteConnection>) {
    super(options.namespace, openStore(options.connection));
    this.#nodeId = options.nodeId;
    this.#inboxLimit = options.inboxMaxLength ?? DEFAULT_INBOX_LIMIT;
    this.#inbox = new InboxReader(this.store, this.namespace);
  }

  /** Opens the file. */
  waitUntilReady(): Promise<void> {
    return this.store.read(() => undefined);
  }

  close(): Promise<void> {
    this.interruptInbox();
    this.#closing ??= this.#stopReading().then(() => this.store.close());
    return this.#closing;
  }

  async registerNode(
    nodeId: string,
    leaseMs: number,
    info: RelayNodeInfo = {},
    inboxMaxLength = this.#inboxLimit,
  ): Promise<void> {
    if (!isRelayId(nodeId)) throw new RelayError(RelayErrorCode.InvalidId, nodeId);
    const reader = nodeId === this.#nodeId ? this.#reader : undefined;
    const details = { leaseMs, info, inboxLimit: inboxMaxLength, reader };
    const hasLeftovers = await this.#write((tx) =>
      registerNode(tx, this.namespace, nodeId, details),
    );
    if (hasLeftovers) await this.#removeLeftovers();
  }

  heartbeat(nodeId: string, leaseMs: number): Promise<boolean> {
    return this.#write((tx) => renewLease(tx, this.namespace, nodeId, leaseMs));
  }

  async unregisterNode(nodeId: string): Promise<boolean> {
    const isRemoved = await this.#write((tx) => unregisterNode(tx, this.namespace, nodeId));
    if (nodeId === this.#nodeId) this.#reader = undefined;
    if (isRemoved) await this.#removeLeftovers();
    return isRemoved;
  }

  async sweep(limit: number): Promise<string[]> {
    if (limit <= 0) return [];
    const removed = await this.#write((tx) => removeExpiredNodes(tx, this.namespace, limit));
    await this.#removeLeftovers();
    return removed;
  }

  async subscribe(node: string, endpoint: string, pattern: string): Promise<RelaySubscribeResult> {
    if (!isRelayId(node) || !isRelayId(endpoint)) {
      throw new RelayError(RelayErrorCode.InvalidId, pattern);
    }
    const segments = patternSegments(pattern);
    if (segments === undefined) throw new RelayError(RelayErrorCode.InvalidPattern, pattern);
    const subscription = { node, endpoint, pattern, segments };
    const result = await this.#write((tx) => subscribe(tx, this.namespace, subscription));
    if (result === undefined) throw new RelayError(RelayErrorCode.NodeNotRegistered, pattern);
    return result;
  }

  removeEndpoint(nodeId: string, endpointId: string): Promise<number> {
    return this.#write((tx) => removeEndpoint(tx, this.namespace, nodeId, endpointId));
  }

  async publish(
    topic: string,
    data: string,
    { ts, retainMs, maxSize }: RelayPublishOptions,
  ): Promise<RelayPublishResult> {
    const segments = expectTopic(topic);
    if (Buffer.byteLength(data) > maxSize) throw new RelayError(RelayErrorCode.DataTooLarge, topic);
    const publication = { topic, segments, data, ts, retainMs };
    return this.store.write((tx) => publish(tx, this.namespace, publication), {
      synced: retainMs > 0,
    });
  }

  async deleteRetained(topic: string): Promise<boolean> {
    expectTopic(topic);
    return this.store.write((tx) => deleteRetained(tx, this.namespace, topic));
  }

  async readInbox(
    nodeId: string,
    cursor: string,
    options: { blockMs: number; count: number },
  ): Promise<RelayInboxBatch> {
    if (this.#inbox.isInterrupted) return { entries: [], cursor };
    if (nodeId === this.#nodeId) await this.#startReading(nodeId);
    return this.#inbox.read(nodeId, cursor, options);
  }

  async trimInbox(nodeId: string, cursor: string, maxLength: number): Promise<number> {
    const upTo = positionOf(cursor);
    return this.#write((tx) => trimInbox(tx, this.namespace, nodeId, upTo, maxLength));
  }

  interruptInbox(): void {
    this.#inbox.interrupt();
  }

  async #startReading(nodeId: string): Promise<void> {
    if (this.#reader !== undefined) return;
    const reader = { host: hostname(), process: process.pid, since: Date.now() };
    await this.#write((tx) => setReader(tx, this.namespace, nodeId, reader));
    this.#reader = reader;
  }

  async #stopReading(): Promise<void> {
    const [nodeId, reader] = [this.#nodeId, this.#reader];
    if (nodeId === undefined || reader === undefined) return;
    // A file that can't be written any more must not keep the process from closing.
    await this.#write((tx) => unsetReader(tx, this.namespace, nodeId, reader)).catch(
      () => undefined,
    );
  }

  /** After a loss of power the processes are gone that it is about. */
  #write<Result>(operation: Operation<Result>): Promise<Result> {
    return this.store.write(operation, { synced: false });
  }

  async #removeLeftovers(): Promise<void> {
    while (await this.#write(removeLeftovers)) {
      // The next portion, in a transaction of its own.
    }
  }
}

function expectTopic(topic: string): string[] {
  const segments = topicSegments(topic);
  if (segments === undefined) throw new RelayError(RelayErrorCode.InvalidTopic, topic);
  return segments;
}
