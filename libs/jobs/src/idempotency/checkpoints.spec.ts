import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { describeEngines, type Isolation } from '../../../../test/support/engines.js';
import type { Engine, RunningJob } from '../contracts/index.js';
import { createEngine, QueueRegistry } from '../engines/index.js';
import { StoreUnavailableError } from '../errors/index.js';
import { Repairs, StoreOutage } from '../execution/index.js';
import { StartContext } from '../lifecycle/index.js';
import type { JobLogger } from '../logging/index.js';
import { resolveOptions, type ResolvedOptions } from '../options/index.js';
import { StoreCalls } from '../enqueueing/index.js';
import { readNativesAgain } from '../timers/index.js';
import { CheckpointStore, PARTS } from './checkpoint-store.js';
import { CheckpointSweep } from './checkpoint-sweep.service.js';
import { StoredCheckpoints } from './stored-checkpoints.js';

const logger = { warn: () => undefined, error: () => undefined } as unknown as JobLogger;

describeEngines('checkpoints', (fixture) => {
  let isolation: Isolation;
  let options: ResolvedOptions;
  let engine: Engine;
  let queues: QueueRegistry;
  let store: CheckpointStore;
  let repairs: Repairs;

  beforeEach(async () => {
    isolation = fixture.reusedIsolation();
    options = optionsWith(10_000);
    engine = createEngine(options);
    await engine.connect();
    queues = new QueueRegistry(engine);
    store = new CheckpointStore(engine);
    repairs = new Repairs(new StoreOutage(engine, logger, new StartContext()), logger, engine);
  });

  afterEach(async () => {
    await queues.close();
    await engine.close();
    await fixture.cleanup(isolation);
  });

  const optionsWith = (enqueueTimeout: number) =>
    resolveOptions({ connection: fixture.connection, ...isolation, enqueueTimeout });
  const checkpointsOn = (on: Engine, own = options) =>
    new StoredCheckpoints(new CheckpointStore(on), new StoreCalls(on, own), logger, own);
  const checkpoints = () => checkpointsOn(engine);

  const runOf = (id: string, enqueuedAt = 1): RunningJob =>
    ({ id, queue: 'q', enqueuedAt, signal: new AbortController().signal }) as RunningJob;

  /** Keys of checkpoints, and of jobs that have any. */
  const keys = async () => [...(await engine.store.entries('once')).keys()];

  it('keep what was stored first, and tell it to the run that comes too late', async () => {
    const { promise: oldIsAwake, resolve: wakeOld } = Promise.withResolvers<void>();
    const { promise: oldRuns, resolve: noteOld } = Promise.withResolvers<void>();
    const old = checkpoints().once(runOf('a'), 'step', async () => {
      noteOld();
      await oldIsAwake;
      return 'old';
    });
    await oldRuns;
    expect(await checkpoints().once(runOf('a'), 'step', () => 'new')).toBe('new');
    wakeOld();
    expect(await old).toBe('new');
    expect(await checkpoints().once(runOf('a'), 'step', () => 'third')).toBe('new');
  });

  it('show a run that slept what was done meanwhile', async () => {
    const sleeper = checkpoints();
    const run = runOf('a');
    await sleeper.once(run, 'first', () => 1);
    await checkpoints().once(runOf('a'), 'second', () => 'by the other');
    expect(await sleeper.once(run, 'second', () => 'by the sleeper')).toBe('by the other');
  });

  it('are told apart by job, by when it was stored, and by name', async () => {
    const of = async (run: RunningJob, step: string) =>
      checkpoints().once(run, step, () => `${run.id} ${run.enqueuedAt} ${step}`);
    const asked: [RunningJob, string][] = [
      [runOf('a'), 'x'],
      [runOf('a'), 'y'],
      [runOf('a', 2), 'x'],
      [runOf('b'), 'x'],
    ];
    const answers = [];
    for (const [run, step] of asked) answers.push(await of(run, step));
    expect(answers).toEqual(['a 1 x', 'a 1 y', 'a 2 x', 'b 1 x']);
  });

  it('are forgotten when their job is gone, and not before', async () => {
    const queue = queues.get('q');
    const kept = await queue.add('kept', {}, { jobId: 'kept', delay: 3_600_000 });
    const removed = await queue.add('removed', {}, { jobId: 'removed' });
    const replaced = await queue.add('replaced', {}, { jobId: 'replaced' });
    for (const job of [kept, removed])
      for (const step of ['x', 'y'])
        await checkpoints().once(runOf(job.id!, job.timestamp), step, () => 1);
    await checkpoints().once(runOf('replaced', replaced.timestamp - 5), 'x', () => 1);
    expect(await keys()).toHaveLength(5 + 3);

    const sweep = new CheckpointSweep(store, queues, engine, options, repairs);
    await removed.remove();
    await sweep.sweep();
    expect(await keys()).toHaveLength(2 + 1);
    expect(await checkpoints().once(runOf('kept', kept.timestamp), 'x', () => 2)).toBe(1);
  });

  it('are forgotten beside a record that cannot be read, which is told of', async () => {
    for (const part of PARTS) await engine.store.set(`once-job:${part}`, '{ damaged');
    await checkpoints().once(runOf('gone'), 'x', () => 1);
    const sweep = new CheckpointSweep(store, queues, engine, options, repairs);
    await sweep.sweep();
    expect(await keys()).toHaveLength(PARTS.length);
    expect(repairs.leftBroken).toEqual([]);
    await sweep.sweep();
    expect(repairs.leftBroken).toEqual([
      expect.stringMatching(
        /^checkpoints: 16 cannot be dealt with, the first is once-job:0: .*JSON/,
      ),
    ]);
    expect(repairs.faults).toEqual([]);
  });

  it('are swept now and then, by one process of those that work', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    readNativesAgain();
    const sweeps = [options, options, { ...options, workers: false as const }].map(
      (own) => new CheckpointSweep(store, queues, engine, own, repairs),
    );
    const swept = sweeps.map((sweep) => vi.spyOn(sweep, 'sweep'));
    const counts = () => swept.map(({ mock }) => mock.calls.length);
    try {
      for (const sweep of sweeps) await sweep.start();
      await checkpoints().once(runOf('gone'), 'x', () => 1);
      vi.advanceTimersByTime(60_000);
      await expect.poll(keys).toEqual(['once-sweep']);
      expect(counts().toSorted((a, b) => a - b)).toEqual([0, 0, 1]);
      expect(counts()[2]).toBe(0);
      for (const sweep of sweeps) await sweep.stop();
      await engine.store.delete('once-sweep');
      vi.advanceTimersByTime(60_000);
      expect(await keys()).toEqual([]);
    } finally {
      vi.useRealTimers();
      readNativesAgain();
    }
  });

  it('are found again when their job was removed while a step was done', async () => {
    const abort = new AbortController();
    const run = { ...runOf('gone'), signal: abort.signal } as RunningJob;
    const sweep = new CheckpointSweep(store, queues, engine, options, repairs);
    await checkpoints().once(run, 'x', async () => {
      await sweep.sweep();
      abort.abort();
    });
    expect(await keys()).toHaveLength(2);
    await sweep.sweep();
    expect(await keys()).toEqual([]);
  });

  it('are stored for jobs alone', async () => {
    const { enqueuedAt: _, ...run } = runOf('tick');
    const own = checkpoints();
    const step = () => own.once(run, 'x', () => ({}));
    expect(await step()).toBe(await step());
    expect(await keys()).toEqual([]);
  });

  it('call nothing when the store is lost, and say so in time', async () => {
    const hangs = () => new Promise<never>(() => undefined);
    const lost = { ...engine, store: { ...engine.store, get: hangs, set: hangs } } as Engine;
    lost.isConnectionError = () => false;
    lost.refusalOf = () => undefined;
    let calls = 0;
    const answer = checkpointsOn(lost, optionsWith(100)).once(runOf('a'), 'step', () => ++calls);
    await expect(answer).rejects.toThrow(StoreUnavailableError);
    await expect(answer).rejects.toThrow('read step "step" of job');
    expect(calls).toBe(0);
  });

  it('store again what met a store that was lost for a moment', async () => {
    const { store: real } = engine;
    let losses = 2;
    const flaky = {
      get: real.get.bind(real),
      set: real.set.bind(real),
      compareAndSet: async (...args: Parameters<typeof real.compareAndSet>) => {
        const wasSet = await real.compareAndSet(...args);
        if (losses-- > 0) throw new Error('lost');
        return wasSet;
      },
    };
    const answers = { isConnectionError: () => true, refusalOf: () => undefined };
    const lossy = { ...engine, store: flaky, ...answers } as unknown as Engine;
    let calls = 0;
    expect(await checkpointsOn(lossy).once(runOf('a'), 'step', () => ++calls)).toBe(1);
    expect(await checkpoints().once(runOf('a'), 'step', () => ++calls)).toBe(1);
  });
});
