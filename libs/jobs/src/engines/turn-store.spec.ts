import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeEngines } from '../../../../test/support/engines.js';
import { storedTurns } from '../../../../test/support/stored-turns.js';
import type { Engine, TurnStep, TurnSweep } from '../contracts/index.js';
import { resolveOptions } from '../options/index.js';
import { createEngine } from './index.js';

const TTL_MS = 60_000;

describeEngines('lines of concurrency keys', (fixture) => {
  const names = fixture.isolation();
  let engine: Engine;

  beforeAll(async () => {
    engine = createEngine(resolveOptions({ connection: fixture.connection, ...names }));
    await engine.connect();
  });

  afterAll(async () => {
    await engine.close();
    await fixture.cleanup(names);
  });

  /**
   * A key of its own, and steps of it. Its jobs do not exist, so who gets a turn and cannot be made
   * ready is told.
   */
  function line(limit = 1) {
    const key = `Test.${randomUUID()}|tenant`;
    type Given = Partial<TurnStep> & Pick<TurnStep, 'action'>;
    const step = (id: string, given: Given): TurnStep => ({
      key,
      queue: 'q',
      id,
      limit,
      run: `run-${id}`,
      ttlMs: TTL_MS,
      ...given,
    });
    const apply = async (...steps: TurnStep[]) => {
      const { hasTurn, toInspect } = await engine.turns.apply(steps);
      return { hasTurn, next: toInspect.map(({ id }) => id) };
    };
    const one =
      (action: TurnStep['action']) =>
      (id: string, given: Partial<TurnStep> = {}) =>
        apply(step(id, { action, ...given }));
    return {
      key,
      step,
      apply,
      take: one('take'),
      start: one('start'),
      attempt: one('try'),
      renew: one('renew'),
      leave: one('leave'),
      end: one('end'),
      advance: (to: number) => apply(step('', { action: 'advance', limit: to })),
      isIdle: async () => !(await engine.turns.keys(key)).includes(key),
    };
  }

  const turn = { hasTurn: [true], next: [] };
  const parked = { hasTurn: [false], next: [] };
  const nextIs = (...next: string[]) => ({ hasTurn: [false], next });

  it('gives turns in the order of tickets, and parks who gets none', async () => {
    const { take, start, end, isIdle } = line();
    expect(await take('a')).toEqual(turn);
    expect(await take('b')).toEqual(parked);
    expect(await take('c')).toEqual(parked);
    expect(await start('a')).toEqual(turn);
    expect(await end('a')).toEqual(nextIs('b'));
    expect(await start('b')).toEqual(turn);
    expect(await end('b')).toEqual(nextIs('c'));
    expect(await end('c')).toEqual(nextIs());
    expect(await isIdle()).toBe(true);
  });

  it('takes many steps at once, as if one after the other', async () => {
    const { step, apply } = line(2);
    const taken = await apply(...['a', 'b', 'c', 'd'].map((id) => step(id, { action: 'take' })));
    expect(taken).toEqual({ hasTurn: [true, true, false, false], next: [] });
    const ended = await apply(
      step('a', { action: 'start' }),
      step('a', { action: 'end' }),
      step('b', { action: 'start' }),
      step('b', { action: 'end' }),
    );
    expect(ended).toEqual({ hasTurn: [true, false, true, false], next: ['c', 'd'] });
  });

  it('answers a repeated ticket as the first one', async () => {
    const { take, end } = line();
    await take('a');
    await take('b');
    expect(await take('a')).toEqual(turn);
    expect(await take('b')).toEqual(parked);
    expect(await end('a')).toEqual(nextIs('b'));
    expect(await take('b')).toEqual(turn);
  });

  it('lets nobody start who has no turn, by whatever way it was claimed', async () => {
    const { take, start, end } = line();
    await take('a');
    await take('b');
    expect(await start('b')).toEqual(parked);
    expect(await start('stranger')).toEqual(parked);
    expect(await end('a')).toEqual(nextIs('b'));
    expect(await end('b')).toEqual(nextIs('stranger'));
  });

  it('gives a ticket to a job that starts without one', async () => {
    const { start, end, isIdle } = line();
    expect(await start('a')).toEqual(turn);
    expect(await start('a', { run: 'again' })).toEqual(turn);
    await end('a', { run: 'again' });
    expect(await isIdle()).toBe(true);
  });

  it('keeps the place of a job that comes again, and gives its turn to the next', async () => {
    const { take, start, leave, end } = line();
    await take('a');
    await take('b');
    await take('c');
    await start('a');
    expect(await leave('a')).toEqual(nextIs('b'));
    await start('b');
    expect(await start('a', { run: 'second' })).toEqual(parked);
    // Before c, which came later.
    expect(await end('b')).toEqual(nextIs('a'));
  });

  it('takes nothing from a later run of the same job', async () => {
    const { start, leave, end, take } = line();
    await start('a', { run: 'first' });
    await start('a', { run: 'second' });
    await take('b');
    expect((await leave('a', { run: 'first' })).next).toEqual([]);
    expect((await end('a', { run: 'first' })).next).toEqual([]);
    expect((await end('a', { run: undefined! })).next).toEqual([]);
    expect((await end('a', { run: 'second' })).next).toEqual(['b']);
  });

  it('leaves no ticket of a job that does not wait', async () => {
    const { attempt, end, isIdle } = line();
    expect(await attempt('a')).toEqual(turn);
    expect(await attempt('b')).toEqual(parked);
    expect(await end('a')).toEqual(nextIs());
    expect(await isIdle()).toBe(true);
  });

  it('follows a limit that is raised and lowered', async () => {
    const { step, apply, start, end, advance } = line();
    await apply(...['a', 'b', 'c', 'd'].map((id) => step(id, { action: 'take' })));
    await start('a');
    expect((await advance(3)).next.toSorted()).toEqual(['b', 'c']);
    await start('b', { limit: 3 });
    // c was given a turn, but must not use it any more.
    expect(await start('c', { limit: 1 })).toEqual(parked);
    expect((await end('a', { limit: 1 })).next).toEqual([]);
    expect((await end('b', { limit: 1 })).next).toEqual(['c']);
    expect(await start('c', { limit: 1 })).toEqual(turn);
  });

  it('removes tickets that wait, too', async () => {
    const { take, end, isIdle } = line();
    await take('a');
    await take('b');
    await take('c');
    expect((await end('b')).next).toEqual([]);
    expect((await end('a')).next).toEqual(['c']);
    await end('c');
    expect(await isIdle()).toBe(true);
  });

  it('never gives more turns than there are when many ask at once', async () => {
    const { take, start, end } = line(3);
    const ids = Array.from({ length: 40 }, (_, i) => `job-${i}`);
    const taken = await Promise.all(ids.map((id) => take(id)));
    const running = new Set(ids.filter((_, i) => taken[i]!.hasTurn[0]));
    expect(running.size).toBe(3);
    const done: string[] = [];
    for (let [id] = running; id !== undefined; [id] = running) {
      expect((await start(id)).hasTurn).toEqual([true]);
      for (const next of (await end(id)).next) running.add(next);
      running.delete(id);
      done.push(id);
    }
    expect(done.toSorted()).toEqual(ids.toSorted());
  });

  describe('a sweep', () => {
    const sweepOf = async (key: string) => {
      const found: TurnSweep = await engine.turns.sweep(1_000);
      return {
        due: found.due.filter((ticket) => ticket.key === key),
        next: found.toInspect.filter((ticket) => ticket.key === key).map(({ id }) => id),
        nextInMs: found.nextInMs,
      };
    };

    it('frees the turn of a run that is not renewed, and keeps its place', async () => {
      const { key, take, start, renew, end } = line();
      await take('a');
      await take('b');
      await take('c');
      await start('a', { ttlMs: 100 });
      await renew('a', { ttlMs: 250 });
      await pause(150);
      expect((await sweepOf(key)).next).toEqual([]);
      await pause(150);
      expect((await sweepOf(key)).next).toEqual(['b']);
      expect(await start('a', { run: 'recovered' })).toEqual(parked);
      expect(await end('b')).toEqual(nextIs('a'));
    });

    it('counts a run that was taken for dead and goes on', async () => {
      const { key, start, renew, take } = line();
      await start('a', { ttlMs: 10 });
      await pause(30);
      await sweepOf(key);
      expect(await renew('a')).toEqual(turn);
      expect(await take('b')).toEqual(parked);
    });

    it('says when the next ticket is due', async () => {
      const { key, start } = line();
      await start('a', { ttlMs: 1_000 });
      const { nextInMs } = await sweepOf(key);
      expect(nextInMs).toBeGreaterThan(0);
      expect(nextInMs).toBeLessThanOrEqual(1_000);
    });

    it('finds turns that were not used, and jobs that are away, once', async () => {
      const { key, take, leave, start } = line(2);
      await take('reserved');
      await start('away');
      await leave('away');
      await pause(2_100);
      const { due } = await sweepOf(key);
      expect(due.map(({ id, state }) => `${id} ${state}`).toSorted()).toEqual([
        'away away',
        'reserved reserved',
      ]);
      expect(due[0]!.ageMs).toBeGreaterThan(2_000);
      expect((await sweepOf(key)).due).toEqual([]);
    });

    // Odd and even, whose halves differ, and at each bound of the pauses.
    const AGES = [0, 3_999, 4_000, 9_001, 9_002, 123_457, 123_556, 599_990, 600_001, 86_400_001];

    it('finds tickets of every age', async () => {
      const stored = storedTurns(fixture, names);
      const { key, step, apply } = line(AGES.length);
      await apply(...AGES.map((age) => step(`aged-${age}`, { action: 'take' })));
      for (const age of AGES) await stored.age(key, `aged-${age}`, age);
      const { due } = await sweepOf(key);
      const found = new Map(due.map(({ id, ageMs }) => [id, ageMs]));
      expect(found.size).toBe(AGES.length);
      for (const age of AGES)
        expect(Math.abs(found.get(`aged-${age}`)! - age)).toBeLessThan(60_000);
      expect((await sweepOf(key)).due).toEqual([]);
    });

    it('goes on past a ticket that cannot be dealt with, and comes back to it later', async () => {
      const stored = storedTurns(fixture, names);
      const lines = [line(), line(), line()];
      for (const [index, { take }] of lines.entries()) await take(`spoiled-${index}`);
      await stored.age(lines[0]!.key, 'spoiled-0', 1);
      await stored.spoil(lines[1]!.key, 'spoiled-1');
      await stored.age(lines[2]!.key, 'spoiled-2', 1);
      const { due, failed } = await engine.turns.sweep(1_000);
      const keys = lines.map(({ key }) => key);
      const mine = ({ key }: { key: string }) => keys.includes(key);
      expect(
        due
          .filter(mine)
          .map(({ id }) => id)
          .toSorted(),
      ).toEqual(['spoiled-0', 'spoiled-2']);
      expect(failed.filter(mine)).toMatchObject([{ key: keys[1], queue: 'q', id: 'spoiled-1' }]);
      expect(String(failed[0]!.error)).toMatch(/spoiled row|WRONGTYPE/);
    });
  });

  describe('the log of starts', () => {
    const starts = (key: string, jobs: string[], max: number, perMs: number) =>
      engine.starts.start(jobs.map((job) => ({ key, job, max, perMs })));

    it('promises later moments, in order, to those who come too early', async () => {
      const key = randomUUID();
      const [a, b, c, d, e] = await starts(key, ['a', 'b', 'c', 'd', 'e'], 2, 10_000);
      expect([a, b]).toEqual([0, 0]);
      expect(c).toBeGreaterThan(9_900);
      expect(c).toBeLessThanOrEqual(10_000);
      expect(d! - c!).toBeLessThan(100);
      expect(e! - c!).toBeGreaterThan(9_900);
      // A promise is kept, not made anew.
      const [again] = await starts(key, ['c'], 2, 10_000);
      expect(again).toBeLessThanOrEqual(c!);
      expect(again).toBeGreaterThan(9_500);
    });

    it('starts a job at the moment that was promised', async () => {
      const key = randomUUID();
      const [, wait] = await starts(key, ['a', 'b'], 1, 300);
      await pause(wait! + 5);
      expect(await starts(key, ['b'], 1, 300)).toEqual([0]);
      const [late] = await starts(key, ['c'], 1, 300);
      expect(late).toBeGreaterThan(200);
    });

    it('never starts more than the maximum within a window, however late jobs come', async () => {
      const key = randomUUID();
      const jobs = ['a', 'b', 'c', 'd', 'e', 'f'];
      const waits = await starts(key, jobs, 2, 400);
      await pause(500);
      // All promised moments of c and d are over; e and f come with them, before their time.
      const again = await starts(key, ['c', 'd', 'e', 'f'], 2, 400);
      expect(waits.filter((wait) => wait === 0)).toHaveLength(2);
      expect(again.slice(0, 2)).toEqual([0, 0]);
      expect(Math.min(...again.slice(2))).toBeGreaterThan(100);
      await pause(again[3]! + 5);
      const last = await starts(key, ['e', 'f'], 2, 400);
      // c and d started later than promised, and the window counts starts.
      expect(last.every((wait) => wait > 0 && wait <= 400)).toBe(true);
    });
  });
});
