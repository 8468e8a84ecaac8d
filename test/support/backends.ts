import { afterAll, afterEach, beforeAll, describe, expect, it as vitestIt } from 'vitest';
import { KINDS } from './backends/kinds.js';
import { OpenedStore } from './backends/opened-store.js';
import type { BackendName, Isolation, Store } from './backends/store.js';

export type {
  AnyFlowProducer,
  AnyQueue,
  AnyQueueEvents,
  AnyWorker,
  BackendName,
  BackendSetup,
  Store,
} from './backends/store.js';

/**
 * How long to wait for events: BullMQ on PostgreSQL may miss a notification, and looks again after
 * 10 s.
 */
export const EVENTS_PATIENCE_MS = 15_000;

/** Why a backend does not do what Redis does; asserted: see `BackendFixture.it`. */
export type Differences = Partial<Record<BackendName, string>>;

/** One backend as a contract suite sees it. */
export interface BackendFixture {
  readonly name: BackendName;
  /**
   * Registers a test. On a backend named in `differs` it must fail: then the difference, whose
   * reason the title tells, is still there.
   */
  it(title: string, body: (store: Store) => Promise<void>, differs?: Differences): void;
}

/**
 * Registers a suite once per backend, e.g. `describeBackends('adding', (backend) => { backend.it(…)
 * })`. Where a backend's server is missing its tests are skipped, with the reason in the suite's
 * name.
 */
export function describeBackends(title: string, suite: (backend: BackendFixture) => void): void {
  for (const kind of KINDS) {
    const note = kind.obstacle === '' ? '' : ` (skipped: ${kind.obstacle})`;
    describe.skipIf(kind.obstacle !== '')(`${title} [${kind.name}]${note}`, () => {
      let isolation: Isolation;
      let store: OpenedStore;

      beforeAll(async () => {
        isolation = await kind.isolate();
      });

      afterEach(() => store.close());

      afterAll(() => isolation.remove());

      suite({
        name: kind.name,
        it(testTitle, body, differs = {}) {
          const reason = differs[kind.name];
          vitestIt(reason === undefined ? testTitle : `${testTitle} (not: ${reason})`, async () => {
            store = new OpenedStore(kind.name, isolation);
            if (reason === undefined) await body(store);
            else await expectFailure(body(store), reason);
          });
        },
      });
    });
  }
}

/** A difference that is gone must leave the list. */
async function expectFailure(run: Promise<void>, reason: string): Promise<void> {
  const failed = await run.then(
    () => false,
    () => true,
  );
  expect(failed, `it does what Redis does now, so this is no difference: ${reason}`).toBe(true);
}
