import { describe, expect, it } from 'vitest';
import { Repair } from './repair.js';

const OUTAGE = new Error('the store is gone');

function repairOf(name = 'things') {
  const logged: string[] = [];
  const outages: Error[] = [];
  const repair = new Repair(name, {
    onFault: (of, item, error) => logged.push(`${of}/${item}: ${error.message}`),
    onOutage: (error) => outages.push(error),
    isOutage: (error) => error === OUTAGE,
  });
  const fail = (item: string, reason: string) => () =>
    repair.one(item, () => Promise.reject(new Error(reason)));
  return { repair, logged, outages, fail };
}

describe('a repair', () => {
  it('goes on past what fails', async () => {
    const { repair, logged } = repairOf();
    const done: number[] = [];
    const isDone = await repair.round((round) =>
      round.each([1, 2, 3], String, async (item) => {
        if (item === 2) throw new Error('bad');
        done.push(item);
      }),
    );
    expect(isDone).toBe(true);
    expect(done).toEqual([1, 3]);
    expect(logged).toEqual(['things/2: bad']);
  });

  it('logs a fault once, however often and on however many items it is met', async () => {
    const { repair, logged, fail } = repairOf();
    for (let i = 0; i < 20; i += 1) {
      await repair.round(fail('a', 'bad'));
      await repair.round(fail('b', 'bad'));
    }
    await repair.round(fail('b', 'worse'));
    expect(logged).toEqual(['things/a: bad', 'things/b: worse']);
  });

  it('logs a fault again that had been put right', async () => {
    const { repair, logged, fail } = repairOf();
    await repair.round(fail('a', 'bad'));
    await repair.one('a', async () => undefined);
    await repair.round(fail('a', 'bad'));
    expect(logged).toHaveLength(2);
  });

  it('tells of items that failed twice in a row', async () => {
    const { repair, fail } = repairOf();
    await fail('a', 'bad')();
    expect(repair.leftBroken).toBeUndefined();
    await fail('a', 'bad')();
    await fail('b', 'bad')();
    await fail('b', 'worse')();
    expect(repair.leftBroken).toBe('things: 2 cannot be dealt with, the first is a: bad');
    expect(repair.fault).toBeUndefined();
    await repair.one('a', async () => undefined);
    expect(repair.leftBroken).toBe('things: 1 cannot be dealt with, the first is b: worse');
  });

  it('is a fault itself when two rounds in a row fail as a whole', async () => {
    const { repair, logged } = repairOf();
    const bad = () => Promise.reject(new Error('no table'));
    expect(await repair.round(bad)).toBe(false);
    expect(repair.fault).toBeUndefined();
    await repair.round(bad);
    expect(repair.fault).toBe('things: 2 rounds in a row have failed: no table');
    expect(logged).toEqual(['things/: no table']);
    await repair.round(async () => undefined);
    expect(repair.fault).toBeUndefined();
  });

  it('ends its round when the store is lost, which is no fault of its own', async () => {
    const { repair, logged, outages } = repairOf();
    const done: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      await repair.round((round) =>
        round.each([1, 2, 3], String, async (item) => {
          if (item === 2) throw OUTAGE;
          done.push(item);
        }),
      );
    }
    expect(done).toEqual([1, 1, 1]);
    expect(outages).toHaveLength(3);
    expect(logged).toEqual([]);
    expect(repair.fault).toBeUndefined();
    expect(repair.leftBroken).toBeUndefined();
  });
});
