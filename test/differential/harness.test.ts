import { rmSync } from 'node:fs';
import type { IQueueBackend } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisServer } from '../support/servers.js';
import { describeAgreement } from './agreement-suite.js';
import {
  expectReplayAgrees,
  expectSeedAgrees,
  SidesDifferError,
} from './harness/checked-sequence.js';
import { CONTRACT, EXPECTED_RESULTS } from './harness/contract-coverage.js';
import { ControlledClock } from './harness/controlled-clock.js';
import { FaultySideSource, type PlantedFault } from './harness/faulty-side.js';
import { OutcomeTally } from './harness/outcome-tally.js';
import { RedisSideSource } from './harness/redis-side.js';
import type { Arena } from './harness/sequence-runner.js';
import { seeds } from './harness/settings.js';

const TIMEOUT_MS = 120_000;
const OPERATIONS = 500;
const SEEDS = 10;

const tally = new OutcomeTally();

// Proves that what the comparison finds elsewhere is not its own making.
describeAgreement(
  'a second redis',
  () => new RedisSideSource('second redis'),
  seeds().slice(0, SEEDS),
  tally,
);

describe.skipIf(!redisServer().available || seeds().length < SEEDS)('the sequences', () => {
  it('call every method of the contract, and not for refusals alone', () => {
    const called = Object.entries(CONTRACT).filter(([, coverage]) => coverage === 'call');
    const results = Object.fromEntries(
      called.map(([method]) => [method, tally.resultsOf(method)] as const),
    );
    for (const [method, found] of Object.entries(results)) {
      const expected = EXPECTED_RESULTS[method] ?? [expect.not.stringContaining('error')];
      expect({ method, found }).toEqual({ method, found: expect.arrayContaining([...expected]) });
    }
  });
});

describe.skipIf(!redisServer().available)('the comparison', () => {
  let sound: Pick<Arena, 'reference' | 'clock'>;

  beforeAll(() => {
    sound = { reference: new RedisSideSource('redis'), clock: ControlledClock.take() };
  });

  afterAll(async () => {
    sound.clock.giveBack();
    await sound.reference.close();
  });

  it.each<{ title: string; fault: PlantedFault<keyof IQueueBackend>; calls: number }>([
    {
      title: 'a log that is not cut',
      fault: {
        method: 'addLog',
        behave: (backend, [jobId, row]) => backend.addLog(String(jobId), String(row)),
      },
      // A job and two lines.
      calls: 3,
    },
    {
      title: 'a job that is pushed to the wrong end',
      fault: {
        method: 'changePriority',
        behave: (backend, [jobId, priority]) =>
          backend.changePriority(String(jobId), priority as number | undefined, false),
      },
      // Ids are counted: a job that is dropped renumbers those after it, so a few more stay than
      // matter.
      calls: 20,
    },
  ])(
    'finds $title, and shrinks the sequence',
    async ({ fault, calls }) => {
      const faulty = new FaultySideSource(new RedisSideSource('faulty redis'), fault);
      const arena = { ...sound, candidate: faulty };
      const found = await firstDifference(arena);
      expect(found.message).toContain(`DIFFERENTIAL_SEED=${found.shrunk.seed}`);
      expect(found.shrunk.calls.map(({ method }) => method)).toContain(fault.method);
      expect(found.shrunk.calls.length).toBeLessThanOrEqual(calls);

      const again = expectReplayAgrees(arena, found.shrunk);
      await expect(again).rejects.toThrow(SidesDifferError);
      const second = new RedisSideSource('second redis');
      await expect(expectReplayAgrees({ ...sound, candidate: second }, found.shrunk)).resolves.toBe(
        undefined,
      );
      rmSync(found.file);
      await Promise.all([faulty.close(), second.close()]);
    },
    TIMEOUT_MS,
  );
});

async function firstDifference(arena: Arena): Promise<SidesDifferError> {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    try {
      await expectSeedAgrees(arena, seed, OPERATIONS);
    } catch (error) {
      if (error instanceof SidesDifferError) return error;
      throw error;
    }
  }
  throw new Error('the planted fault was not found');
}
