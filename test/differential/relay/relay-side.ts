import { type IRelayBackend, RelayError, type RelayNodeState } from 'bullmq';
import type { RelayCall } from './relay-calls.js';

/** Long enough for a sequence. */
const LEASE_MS = 600_000;
const TS = 1_700_000_000_000;

/** A node that always lives: Redis forgets all nodes of a namespace when the last lease is over. */
const KEEPER = 'keeper';

interface Position {
  /** Where the next read begins. */
  cursor: string;
  /** Where the last one began. */
  before: string;
}

type Actions = {
  [Name in RelayCall['call']]: (call: Extract<RelayCall, { call: Name }>) => Promise<unknown>;
};

/**
 * One of the backends that are compared. What may differ, numbers of messages and times, is left
 * out.
 */
export class RelaySide {
  /** Messages by their numbers on this side: how manieth they were. */
  readonly #messages = new Map<string, number>();
  readonly #positions = new Map<string, Position>();

  constructor(private readonly backend: IRelayBackend) {}

  async open(): Promise<void> {
    await this.backend.waitUntilReady();
    await this.backend.registerNode(KEEPER, LEASE_MS);
  }

  close(): Promise<void> {
    return this.backend.close();
  }

  /** Makes a call; its outcome in a form that both sides share. */
  async perform(call: RelayCall): Promise<unknown> {
    const action = this.#actions[call.call] as (made: RelayCall) => Promise<unknown>;
    try {
      return await action(call);
    } catch (error) {
      if (error instanceof RelayError) return { refused: error.message, code: error.code };
      throw error;
    }
  }

  /** All that there is. */
  async snapshot(): Promise<unknown> {
    const { backend } = this;
    const nodes = await backend.getNodes(0, -1);
    return {
      counts: await backend.getCounts(),
      // They may have registered in one ms on one side, and not on the other.
      nodes: nodes.map(withoutTimes).toSorted((one, other) => (one.id < other.id ? -1 : 1)),
      subscriptions: await backend.getSubscriptions(undefined, 0, -1),
      patterns: await backend.getPatterns(0, -1),
      retained: (await backend.getRetained(0, -1)).map((message) => this.#plain(message)),
    };
  }

  readonly #actions: Actions = {
    register: ({ node, inboxLimit }) => this.#register(node, inboxLimit),
    expire: ({ node }) => this.backend.heartbeat(node, 0),
    heartbeat: ({ node }) => this.backend.heartbeat(node, LEASE_MS),
    unregister: ({ node }) => this.backend.unregisterNode(node),
    // Their leases may have ended in one ms on one side, and not on the other.
    sweep: async ({ limit }) => (await this.backend.sweep(limit)).toSorted(),
    subscribe: async ({ node, endpoint, pattern }) => {
      const { added, retained } = await this.backend.subscribe(node, endpoint, pattern);
      return { added, retained: retained && this.#plain(retained) };
    },
    removeEndpoint: ({ node, endpoint }) => this.backend.removeEndpoint(node, endpoint),
    publish: async ({ topic, data, retainMs, maxSize }) => {
      const result = await this.backend.publish(topic, data, { ts: TS, retainMs, maxSize });
      this.#messages.set(result.mid, this.#messages.size);
      return this.#plain(result);
    },
    deleteRetained: ({ topic }) => this.backend.deleteRetained(topic),
    read: ({ node, count, again }) => this.#read(node, count, again),
    trim: ({ node, maxLength }) =>
      this.backend.trimInbox(node, this.#position(node).cursor, maxLength),
    pages: (call) => this.#pages(call),
  };

  async #register(node: string, inboxLimit: number): Promise<void> {
    const known = (await this.backend.getNodes(0, -1)).find(({ id }) => id === node);
    // A position of the inbox before can be ahead of a new one on Redis, in the same ms.
    if (known?.lastHeartbeat === undefined) this.#positions.delete(node);
    await this.backend.registerNode(node, LEASE_MS, { name: `${node}!` }, inboxLimit);
  }

  async #read(node: string, count: number, again: boolean): Promise<unknown> {
    const position = this.#position(node);
    const from = again ? position.before : position.cursor;
    const { entries, cursor } = await this.backend.readInbox(node, from, { blockMs: 0, count });
    this.#positions.set(node, { cursor, before: from });
    return { entries: entries.map((entry) => this.#plain(entry)), moved: cursor !== from };
  }

  async #pages({ start, end, node, pattern }: Extract<RelayCall, { call: 'pages' }>) {
    const { backend } = this;
    return {
      all: await backend.getSubscriptions(undefined, start, end),
      ofNode: await backend.getSubscriptions({ nodeId: node }, start, end),
      ofPattern: await backend.getSubscriptions({ pattern }, start, end),
      patterns: await backend.getPatterns(start, end),
      nodes: (await backend.getNodes(start, end)).length,
      retained: (await backend.getRetained(start, end)).map((message) => this.#plain(message)),
    };
  }

  #position(node: string): Position {
    const start = this.backend.initialInboxCursor;
    return this.#positions.get(node) ?? { cursor: start, before: start };
  }

  #plain<Message extends { mid: string; expiresAt?: number }>({
    mid,
    expiresAt: _expiresAt,
    ...rest
  }: Message) {
    return { ...rest, message: this.#messages.get(mid) };
  }
}

function withoutTimes({ registeredAt, leaseUntil, lastHeartbeat, ...node }: RelayNodeState) {
  return {
    ...node,
    hasTimes: registeredAt > 0 && leaseUntil > 0,
    isAlive: lastHeartbeat !== undefined,
  };
}
