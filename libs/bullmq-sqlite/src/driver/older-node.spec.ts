import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { isInTransaction, readingValues } from './older-node.js';

/** A connection or statement as Node before 22.16 has it. */
function without<T extends object>(value: T, member: string): T {
  return new Proxy(value, {
    get: (target, key) => {
      if (key === member) return undefined;
      const found: unknown = Reflect.get(target, key);
      return typeof found === 'function' ? (found.bind(target) as unknown) : found;
    },
    has: (target, key) => key !== member && Reflect.has(target, key),
  });
}

describe.each([
  ['this Node', (value: object) => value],
  ['an older Node', (value: object) => without(without(value, 'isTransaction'), 'setReturnArrays')],
])('on %s', (_name, as) => {
  it('knows whether a transaction is open, and leaves it as it is', () => {
    const database = new DatabaseSync(':memory:');
    const seen = as(database) as DatabaseSync;
    expect(isInTransaction(seen)).toBe(false);
    database.exec('BEGIN');
    expect(isInTransaction(seen)).toBe(true);
    expect(isInTransaction(seen)).toBe(true);
    database.exec('COMMIT');
    expect(isInTransaction(seen)).toBe(false);
    database.close();
  });

  it('reads rows as values', () => {
    const database = new DatabaseSync(':memory:');
    const statement = database.prepare('SELECT ? AS b, ? AS a UNION ALL SELECT 3, NULL');
    const read = readingValues(as(statement) as typeof statement);
    expect(read(1, 'x')).toEqual([
      [1, 'x'],
      [3, null],
    ]);
    database.close();
  });
});
