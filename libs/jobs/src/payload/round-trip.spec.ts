import { describe, expect, it } from 'vitest';
import { UnserializableValueError } from '../errors/index.js';
import { deserializeArguments, serializeArguments } from './argument-serializer.js';
import { restoreValue, storeValue } from './value-serializer.js';

const LIMIT = 1_048_576;

/** Stores and reads arguments as a store does: as JSON text. */
function roundTrip(...args: unknown[]): readonly unknown[] {
  const text = JSON.stringify(serializeArguments(args, { name: 'S.m' }, LIMIT));
  return deserializeArguments(JSON.parse(text) as never);
}

const VALUES: [string, unknown][] = [
  ['a string', 'héllo 😀 "quoted" \\ \u2028 \u0001'],
  ['an empty string', ''],
  ['zero', 0],
  ['minus zero', -0],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['minus Infinity', Number.NEGATIVE_INFINITY],
  [
    'the largest and smallest numbers',
    [Number.MAX_VALUE, Number.MIN_VALUE, Number.MAX_SAFE_INTEGER],
  ],
  ['true and false', [true, false]],
  ['null', null],
  ['undefined', undefined],
  ['null beside undefined', { a: null, b: undefined }],
  ['a BigInt', -(2n ** 200n)],
  ['a Date', new Date('2026-02-28T23:59:59.999Z')],
  ['the first and last Date', [new Date(-8.64e15), new Date(8.64e15)]],
  ['a URL', new URL('https://user@example.org:8443/ä?q=1#x')],
  ['a RegExp', /a\/[b-d]+(?<name>.)/giu],
  ['an empty RegExp', new RegExp('')],
  [
    'a Map',
    new Map<unknown, unknown>([
      ['a', 1],
      [2, new Date(5)],
      [null, undefined],
    ]),
  ],
  [
    'a Map with objects and Dates as keys',
    new Map([
      [{ a: 1 }, 'x'],
      [new Date(0), 'y'],
    ] as never),
  ],
  ['a Set, in order', new Set([new Date(3), 'b', new Date(1), 'a', undefined])],
  ['empty collections', [new Map(), new Set(), [], {}]],
  ['collections in collections', new Map([['a', new Set([new Map([[1n, [undefined]]])])]])],
  ['a Buffer', Buffer.from([0, 127, 128, 255])],
  ['an Int8Array', new Int8Array([-128, 0, 127])],
  ['a Uint8Array', new Uint8Array([0, 255])],
  ['a Uint8ClampedArray', new Uint8ClampedArray([0, 255])],
  ['an Int16Array', new Int16Array([-32_768, 32_767])],
  ['a Uint16Array', new Uint16Array([65_535])],
  ['an Int32Array', new Int32Array([-2_147_483_648])],
  ['a Uint32Array', new Uint32Array([4_294_967_295])],
  ['a Float32Array', new Float32Array([1.5, -2.25])],
  ['a Float64Array', new Float64Array([0.1, 1e300])],
  ['a view on a part of a buffer', new Uint8Array([1, 2, 3, 4]).subarray(1, 3)],
  ['an empty typed array', new Uint16Array()],
  ['nested objects and lists', { a: [{ b: { c: [1, [2, [3]]] } }], d: 'e' }],
  [
    'keys with dots, backslashes and brackets',
    { 'a.b': new Date(1), 'a\\.b': 1n, 'c[0]': undefined, '\\': new Date(2), '"': 6n, '': 5n },
  ],
  ['keys that look like numbers', { 0: new Date(0), 10: 'ten', '-1': undefined }],
  ['keys of annotations', { json: new Date(0), meta: { values: { a: ['Date'] } }, $superjson: 1n }],
  [
    'names that objects inherit',
    { toString: 'a', hasOwnProperty: new Date(0), valueOf: undefined },
  ],
];

describe('arguments come back as they went in', () => {
  it.each(VALUES)('%s', (_what, value) => {
    expect(roundTrip(value)).toStrictEqual([value]);
  });

  it.each(VALUES)('%s, inside an object inside a list', (_what, value) => {
    expect(roundTrip(1, [{ value }])).toStrictEqual([1, [{ value }]]);
  });

  it.each(VALUES)('%s, beside a Date', (_what, value) => {
    expect(roundTrip(new Date(9), value)).toStrictEqual([new Date(9), value]);
  });

  it('no arguments', () => {
    expect(roundTrip()).toStrictEqual([]);
  });

  it('a hole in a list, as undefined', () => {
    const sparse = [1];
    sparse[2] = 3;
    expectSameOrRefused(sparse, [1, undefined, 3]);
  });

  it('an object without a prototype, as a plain one', () => {
    const bare = Object.assign(Object.create(null) as object, { a: 1, at: new Date(1) });
    expect(roundTrip(bare)).toStrictEqual([{ a: 1, at: new Date(1) }]);
  });

  it('a Buffer as a Buffer, a Uint8Array as a Uint8Array', () => {
    const [buffer, bytes] = roundTrip(Buffer.from('a'), new Uint8Array([1]));
    expect(Buffer.isBuffer(buffer)).toBe(true);
    expect(Buffer.isBuffer(bytes)).toBe(false);
  });

  it.each([
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['minus zero', -0],
  ])('a float array that holds %s', (_what, number) => {
    expect(roundTrip(new Float64Array([number, 1]))).toStrictEqual([new Float64Array([number, 1])]);
  });

  it.each([new BigInt64Array([-1n, 2n]), new BigUint64Array([2n ** 64n - 1n])])(
    '%s, though JSON cannot write big integers',
    (value) => {
      expectSameOrRefused(value, value);
    },
  );

  it('the largest depth that is allowed', () => {
    let deep: unknown = new Date(7);
    for (let i = 0; i < 250; i++) deep = { deep };
    expect(roundTrip(deep)).toStrictEqual([deep]);
  });
});

describe('shared references', () => {
  const shared = { at: new Date(0), list: [1n] };

  it('come back with equal values', () => {
    expect(roundTrip(shared, [shared], { shared })).toStrictEqual([shared, [shared], { shared }]);
  });

  it('come back in a plain payload', () => {
    const plain = { a: [1] };
    expect(roundTrip(plain, plain)).toStrictEqual([plain, plain]);
  });

  it('keep their place in a Set', () => {
    const other = { b: new Date(1) };
    const third = { c: 3 };
    const args = [shared, other, new Set([shared, other, third])];
    const back = roundTrip(...args);
    expect([...(back[2] as Set<unknown>)]).toStrictEqual([shared, other, third]);
  });

  it('keep their place as keys and values of a Map', () => {
    const other = { b: new Date(1) };
    const map = new Map<unknown, unknown>([
      [shared, other],
      [other, shared],
    ]);
    const back = roundTrip(shared, other, map);
    expect([...(back[2] as Map<unknown, unknown>)]).toStrictEqual([...map]);
  });
});

describe('one value (a result, a context)', () => {
  it.each(VALUES)('comes back as it went in: %s', (_what, value) => {
    const text = JSON.stringify(storeValue(value, 'result').value);
    expect(restoreValue(JSON.parse(text))).toStrictEqual(value);
  });

  it('tells null from undefined', () => {
    expect(storeValue(undefined, 'result').value).toBeNull();
    expect(restoreValue(null)).toBeUndefined();
    expect(restoreValue(storeValue(null, 'result').value)).toBeNull();
  });

  it('is stored as plain JSON where JSON is enough', () => {
    const value = { a: [1, 'b', true, null] };
    expect(storeValue(value, 'result').value).toEqual(value);
  });

  it('cannot pass itself off as annotations', () => {
    const value = { $superjson: { json: 'x', meta: { values: ['Date'] } } };
    const text = JSON.stringify(storeValue(value, 'result').value);
    expect(restoreValue(JSON.parse(text))).toStrictEqual(value);
  });
});

/** Refusing a value is fine too; changing it, or failing later, is not. */
function expectSameOrRefused(value: unknown, expected: unknown): void {
  let back: readonly unknown[];
  try {
    back = roundTrip(value);
  } catch (error) {
    expect(error).toBeInstanceOf(UnserializableValueError);
    return;
  }
  expect(back).toStrictEqual([expected]);
}
