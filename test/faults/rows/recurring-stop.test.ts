import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { JobScheduler, JobsModule, Recurring, StoreUnavailableError } from 'nestjs-jobs';
import { expect, it, onTestFinished } from 'vitest';
import { startOwnStore } from '../harness/own-store.js';
import { describeOwnStores } from '../harness/row-engines.js';

/**
 * A store that is lost costs each of ticker, declarations, heartbeat and workers its own short
 * goodbye.
 */
const LONGEST_EXIT_MS = 10_000;

@Injectable()
class Ticking {
  ticks = 0;

  @Recurring({ every: 100 }, { id: 'ticking' })
  tick(): void {
    this.ticks += 1;
  }
}

describeOwnStores('recurring jobs while the store is gone', (engine) => {
  it('tell their callers in time, and do not hold up the exit', async () => {
    const store = await startOwnStore(engine);
    onTestFinished(() => store.stop());
    const connection = store.url;
    const options = { connection, enqueueTimeout: 500, shutdownTimeout: 500, abortTimeout: 500 };
    const app = await Test.createTestingModule({
      imports: [JobsModule.forRoot(options)],
      providers: [Ticking],
    }).compile();
    Logger.overrideLogger(false);
    await app.init();
    await expect.poll(() => app.get(Ticking).ticks, { timeout: 10_000 }).toBeGreaterThan(2);
    await store.crash();
    await delay(2_500);

    const { recurring } = app.get(JobScheduler);
    for (const call of [
      () => recurring.list(),
      () => recurring.get('ticking'),
      () => recurring.pause('ticking'),
      () => recurring.reschedule('ticking', '@daily'),
    ]) {
      await expect(call()).rejects.toThrow(StoreUnavailableError);
    }
    const startedAt = performance.now();
    const closed = app.close();
    await Promise.race([closed, delay(LONGEST_EXIT_MS, undefined, { ref: false })]);
    const tookMs = performance.now() - startedAt;
    // Were it to hang, this lets it end.
    if (tookMs >= LONGEST_EXIT_MS) await store.restart();
    await closed;
    expect(tookMs).toBeLessThan(LONGEST_EXIT_MS);
  }, 60_000);
});
