import { randomUUID } from 'node:crypto';
import {
  createPostgresRelayBackend,
  createRedisRelayBackend,
  type IRelayBackend,
  Relay,
  type RelayBackendFactory,
  type RelayOptions,
} from 'bullmq';
import { createSqliteRelayBackend } from 'bullmq-sqlite';
import { afterAll, afterEach, beforeAll, describe, it as vitestIt, onTestFinished } from 'vitest';
import { KINDS } from './backends/kinds.js';
import type { BackendName, Isolation } from './backends/store.js';

export type AnyRelay = Relay<unknown>;

const FACTORIES: Readonly<Record<BackendName, RelayBackendFactory<unknown>>> = {
  redis: createRedisRelayBackend as RelayBackendFactory<unknown>,
  postgres: createPostgresRelayBackend as RelayBackendFactory<unknown>,
  'sqlite-memory': createSqliteRelayBackend as RelayBackendFactory<unknown>,
  'sqlite-file': createSqliteRelayBackend as RelayBackendFactory<unknown>,
};

/** BullMQ's options, of which the fleet gives the rest. */
type Options = Partial<Omit<RelayOptions<unknown>, 'connection' | 'backend' | 'prefix'>>;

/** One backend of BullMQ's relay as a contract suite sees it. */
export interface RelayFixture {
  readonly name: BackendName;
  it(title: string, body: (fleet: Fleet) => Promise<void>): void;
}

/** The relays of one test, in a namespace of its own. All are closed at its end. */
export class Fleet {
  readonly namespace = `n-${randomUUID().slice(0, 13)}`;
  readonly #closings: (() => Promise<unknown>)[] = [];

  constructor(
    readonly name: BackendName,
    private readonly isolation: Isolation,
  ) {}

  /** A relay that is ready. */
  async relay(options: Options = {}): Promise<AnyRelay> {
    const relay = this.startRelay(options);
    await relay.waitUntilReady();
    return relay;
  }

  /** A relay that is about to connect. Its errors fail the test. */
  startRelay(options: Options = {}): AnyRelay {
    const relay: AnyRelay = new Relay({
      ...this.isolation.connect(),
      namespace: this.namespace,
      ...options,
      backend: FACTORIES[this.name],
    });
    const errors: unknown[] = [];
    relay.on('error', (error) => errors.push(error));
    this.#closings.push(async () => {
      await relay.close();
      if (errors.length > 0) throw new AggregateError(errors, 'errors of a relay');
    });
    return relay;
  }

  /** A backend by itself, as a relay makes it. */
  backend(nodeId?: string, namespace = this.namespace): IRelayBackend {
    const named = nodeId === undefined ? {} : { nodeId };
    const backend = FACTORIES[this.name]({ ...this.isolation.connect(), namespace, ...named });
    this.#closings.push(() => backend.close());
    return backend;
  }

  /** A backend whose node is registered. */
  async node(nodeId: string, leaseMs = 60_000, inboxMaxLength = 1_000): Promise<IRelayBackend> {
    const backend = this.backend(nodeId);
    await backend.waitUntilReady();
    await backend.registerNode(nodeId, leaseMs, { name: nodeId }, inboxMaxLength);
    return backend;
  }

  async close(): Promise<void> {
    for (const close of this.#closings.splice(0).toReversed()) await close();
  }
}

/** Registers a suite once per backend of BullMQ's relay, as `describeBackends` does for queues. */
export function describeRelays(title: string, suite: (backend: RelayFixture) => void): void {
  for (const kind of KINDS) {
    const note = kind.obstacle === '' ? '' : ` (skipped: ${kind.obstacle})`;
    describe.skipIf(kind.obstacle !== '')(`${title} [${kind.name}]${note}`, () => {
      let isolation: Isolation;
      let fleet: Fleet;

      beforeAll(async () => {
        isolation = await kind.isolate();
      });

      afterEach(() => fleet.close());

      afterAll(() => isolation.remove());

      suite({
        name: kind.name,
        it(testTitle, body) {
          // oxlint-disable-next-line vitest/expect-expect -- the body does
          vitestIt(testTitle, async () => {
            fleet = new Fleet(kind.name, isolation);
            await body(fleet);
          });
        },
      });
    });
  }
}

/** What comes, in order, and a way to wait for it. */
export class Received<Item> {
  readonly items: Item[] = [];
  #waiting: { count: number; resolve: () => void }[] = [];

  readonly add = (item: Item): void => {
    this.items.push(item);
    for (const { count, resolve } of this.#waiting) if (this.items.length >= count) resolve();
  };

  /** Resolves when so many have come. */
  async count(count: number, timeoutMs = 5_000): Promise<Item[]> {
    if (this.items.length < count) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#waiting.push({ count, resolve });
      const came = () => JSON.stringify(this.items);
      const timer = setTimeout(() => {
        reject(new Error(`expected ${count} within ${timeoutMs} ms, got ${came()}`));
      }, timeoutMs);
      onTestFinished(() => clearTimeout(timer));
      await promise;
      clearTimeout(timer);
    }
    return this.items;
  }
}
