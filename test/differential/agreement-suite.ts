import { afterAll, beforeAll, describe, it } from 'vitest';
import { redisServer } from '../support/servers.js';
import { expectReplayAgrees, expectSeedAgrees } from './harness/checked-sequence.js';
import { ControlledClock } from './harness/controlled-clock.js';
import type { OutcomeTally } from './harness/outcome-tally.js';
import { RedisSideSource } from './harness/redis-side.js';
import type { Arena } from './harness/sequence-runner.js';
import * as settings from './harness/settings.js';
import type { SideSource } from './harness/side.js';

const SEEDS_PER_TEST = 20;

/** Shrinking takes its time. */
const TIMEOUT_MS = 300_000;

/**
 * Registers the tests that run the sequences of these seeds on Redis and on the candidate.
 *
 * @param tally - counts what became of the calls.
 */
export function describeAgreement(
  name: string,
  openCandidate: () => SideSource,
  seeds: readonly number[],
  tally?: OutcomeTally,
): void {
  const server = redisServer();
  const note = server.available ? '' : ` (skipped: ${server.reason})`;
  describe.skipIf(!server.available)(`redis and ${name} agree${note}`, () => {
    let arena: Arena;

    beforeAll(() => {
      const clock = ControlledClock.take();
      arena = { reference: new RedisSideSource('redis'), candidate: openCandidate(), clock, tally };
    });

    afterAll(async () => {
      arena.clock.giveBack();
      await Promise.all([arena.reference.close(), arena.candidate.close()]);
    });

    const replayed = settings.replay();
    if (replayed !== undefined) {
      const title = `on the stored sequence of ${replayed.calls.length} calls`;
      it(title, () => expectReplayAgrees(arena, replayed), TIMEOUT_MS);
      return;
    }
    it.skipIf(seeds.length === 0).each(groupsOf(seeds))(
      'on the sequences of the seeds $title',
      async ({ group }) => {
        for (const seed of group) await expectSeedAgrees(arena, seed, settings.operations);
      },
      TIMEOUT_MS,
    );
  });
}

/** Groups, so that a report has a line now and then; one empty group for no seeds. */
function groupsOf(seeds: readonly number[]): { title: string; group: readonly number[] }[] {
  return Array.from({ length: Math.ceil(seeds.length / SEEDS_PER_TEST) || 1 }, (_, index) => {
    const group = seeds.slice(index * SEEDS_PER_TEST, (index + 1) * SEEDS_PER_TEST);
    return { title: `${group.at(0) ?? 'none'} … ${group.at(-1) ?? 'none'}`, group };
  });
}
