import { describe, expect, it } from 'vitest';
import { deserializeArguments, serializeArguments } from './argument-serializer.js';
import { payloadFault } from './stored-payload.js';

const store = (...args: unknown[]) => serializeArguments(args, { name: 'S.m' }, 1_048_576);

/** Other languages read and write this form, and jobs of older versions wait in it. */
describe('the stored form', () => {
  it('of plain JSON is { args } and nothing else', () => {
    const text = JSON.stringify(store('u-1', 3, { a: [true, null] }));
    expect(text).toBe('{"args":["u-1",3,{"a":[true,null]}]}');
  });

  it('of no arguments is an empty list', () => {
    expect(JSON.stringify(store())).toBe('{"args":[]}');
  });

  it('of richer types is readable JSON with annotations beside it', () => {
    const stored = JSON.parse(
      JSON.stringify(store(new Date(0), { n: 5n, s: new Set(['a']) })),
    ) as object;
    expect(stored).toEqual({
      args: ['1970-01-01T00:00:00.000Z', { n: '5', s: ['a'] }],
      meta: { v: 1, values: { '0': ['Date'], '1.n': ['bigint'], '1.s': ['set'] } },
    });
  });

  it.each<[string, () => unknown, (value: never) => void]>([
    ['a list', () => [1, [2]], (list: unknown[][]) => list[1]!.push(3)],
    [
      'an object',
      () => ({ a: { b: 1 } }),
      (value: { a: object }) => Object.assign(value.a, { c: 1 }),
    ],
    ['a Date', () => new Date(5), (date: Date) => date.setTime(6)],
    ['a Map', () => new Map([['k', { v: 1 }]]), (map: Map<string, unknown>) => map.set('l', 2)],
    ['a Set', () => new Set([1]), (set: Set<number>) => set.add(2)],
    ['a URL', () => new URL('https://a.example/'), (url: URL) => (url.pathname = '/b')],
    ['a Buffer', () => Buffer.from('abc'), (buffer: Buffer) => buffer.fill(0)],
    ['a typed array', () => new Float64Array([1, 2]), (array: Float64Array) => array.fill(0)],
  ])('shares nothing with %s', (_what, make, change) => {
    const value = make();
    const stored = store(value);
    change(value as never);
    expect(deserializeArguments(stored)).toEqual([make()]);
  });

  it('is made of one reading', () => {
    let reads = 0;
    const value = {
      get n() {
        reads += 1;
        return reads;
      },
    };
    expect(store(value, new Map([[1, value]])).args).toEqual([{ n: 1 }, [[1, { n: 2 }]]]);
    expect(reads).toBe(2);
  });

  it('of a Buffer is base64', () => {
    expect(store(Buffer.from('hello')).args).toEqual(['aGVsbG8=']);
  });

  it.each([
    ['without annotations', { args: ['a', 1] }, ['a', 1]],
    ['without arguments', {}, []],
    ['with fields of a later version', { args: [1], later: true }, [1]],
  ])('is read %s', (_what, stored, args) => {
    expect(deserializeArguments(stored as never)).toEqual(args);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'x'],
    ['a number', 5],
    ['a list', [1]],
    ['arguments that are no list', { args: 'a' }],
    ['arguments by name', { args: { a: 1 } }],
    ['null for arguments', { args: null }],
  ])('is told from %s', (_what, data) => {
    expect(payloadFault(data)).toMatch(/expected/);
  });

  it.each([[{}], [{ args: [] }], [{ args: [1], other: 2 }]])('is recognised in %j', (data) => {
    expect(payloadFault(data)).toBeUndefined();
  });
});

describe('annotations that do not fit', () => {
  const base = { args: [{ a: 'x' }] };

  it.each([
    ['a type that does not exist', { values: { 0: ['Nope'] } }],
    ['a class', { values: { 0: [['class', 'Object']] } }],
    ['a transformer that does not exist', { values: { 0: [['custom', 'nope']] } }],
    ['a typed array that does not exist', { values: { 0: [['typed-array', 'Function']] } }],
    ['text in place of annotations', { values: 'Date' }],
  ])('name %s: refused, or ignored without harm', (_what, meta) => {
    expectNoHarm(() => deserializeArguments({ ...base, meta } as never));
  });

  it.each([
    ['__proto__', { values: { '__proto__.polluted': ['Date'] } }],
    ['a nested __proto__', { values: { '0.__proto__.polluted': ['undefined'] } }],
    ['constructor.prototype', { values: { '0.constructor.prototype.polluted': ['undefined'] } }],
    ['an equality with a prototype', { referentialEqualities: { 0: ['0.__proto__.polluted'] } }],
    ['an equality from a prototype', { referentialEqualities: { '0.__proto__': ['0.a'] } }],
    [
      'an equality with a constructor',
      { referentialEqualities: { 0: ['0.constructor.prototype.polluted'] } },
    ],
    ['a root equality', { referentialEqualities: [['0.__proto__.polluted']] }],
    ['an escaped path', { v: 1, values: { [String.raw`0.__proto__\.polluted`]: ['undefined'] } }],
    ['a legacy path', { v: 0, values: { '0.__proto__.polluted': ['undefined'] } }],
  ])('aim at %s: Object.prototype stays as it was', (_what, meta) => {
    expectNoHarm(() => deserializeArguments({ ...base, meta } as never));
  });

  it('cannot reach a prototype through stored JSON either', () => {
    const stored =
      '{"args":[{"__proto__":{"polluted":1},"at":"1970-01-01T00:00:00.000Z"}],"meta":{"values":{"0.at":["Date"]}}}';
    expectNoHarm(() => deserializeArguments(JSON.parse(stored) as never));
  });
});

function expectNoHarm(act: () => unknown): void {
  const before = Reflect.ownKeys(Object.prototype);
  const arrayBefore = Reflect.ownKeys(Array.prototype);
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
  }
  expect(Reflect.ownKeys(Object.prototype)).toEqual(before);
  expect(Reflect.ownKeys(Array.prototype)).toEqual(arrayBefore);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
}
