import { describe, expect, it } from 'vitest';
import { toStorableResult } from './result-serializer.js';
import { restoreValue } from './value-serializer.js';

const LIMIT = 1_048_576;

/** The 256 levels that arguments may have, and those of the wrapper around richer types. */
const DEEPEST = 260;

class Invoice {
  constructor(
    readonly id = 7,
    readonly at = new Date(0),
  ) {}

  total(): number {
    return 5;
  }
}

/** What the caller of `result()` gets. */
function resultOf(value: unknown, limit = LIMIT): { back: unknown; loss: string | undefined } {
  const stored = toStorableResult(value, limit);
  return { back: restoreValue(JSON.parse(JSON.stringify(stored.value))), loss: stored.loss };
}

describe('the result of a handler', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['plain JSON', { a: [1, 'b', null] }],
    ['richer types', { at: new Date(5), ids: new Set([1n]), none: undefined }],
  ])('comes back without loss: %s', (_what, value) => {
    expect(resultOf(value)).toStrictEqual({ back: value, loss: undefined });
  });

  it('becomes a plain object when it is a class instance, with a word of where', () => {
    const { back, loss } = resultOf({ invoice: new Invoice() });
    expect(back).toEqual({ invoice: { id: 7, at: '1970-01-01T00:00:00.000Z' } });
    expect(loss).toBe(
      'cannot be stored as it is (result.invoice is an instance of class Invoice); it was simplified',
    );
  });

  it('loses its functions and symbols', () => {
    const { back, loss } = resultOf({ a: 1, f: () => 1, s: Symbol('s') });
    expect(back).toEqual({ a: 1 });
    expect(loss).toContain('result.f is a function');
  });

  it('is nothing when it is a function', () => {
    expect(resultOf(() => 1).back).toBeUndefined();
    expect(resultOf(() => 1).loss).toContain('a function');
  });

  it('has its cycles cut, and only its cycles', () => {
    const shared = { x: 1 };
    const value: Record<string, unknown> = { a: shared, b: [shared, { shared }] };
    value.self = value;
    value.list = [[value]];
    const { back, loss } = resultOf(value);
    expect(back).toEqual({
      a: { x: 1 },
      b: [{ x: 1 }, { shared: { x: 1 } }],
      self: '[Circular]',
      list: [['[Circular]']],
    });
    expect(loss).toContain('a circular reference');
  });

  it('keeps big integers as text where it has to be simplified', () => {
    expect(resultOf({ n: 5n, f: () => 1 }).back).toEqual({ n: '5' });
  });

  it('is dropped when it is larger than the limit, with its size', () => {
    const { back, loss } = resultOf('x'.repeat(10 * 1024 * 1024));
    expect(back).toBeUndefined();
    expect(loss).toBe(
      `is too large: it takes ${10 * 1024 * 1024 + 2} bytes, more than the limit of ${LIMIT} (maxPayloadBytes); ` +
        'undefined is stored in its place',
    );
  });

  it.each<[string, unknown]>([
    ['text', 'x'.repeat(98)],
    ['richer types', { at: new Date(0) }],
  ])('may take exactly the limit: %s', (_what, value) => {
    const bytes = Buffer.byteLength(JSON.stringify(toStorableResult(value, LIMIT).value));
    expect(resultOf(value, bytes).loss).toBeUndefined();
    expect(resultOf(value, bytes - 1).loss).toContain(`${bytes} bytes`);
  });

  it('is dropped when even its simplified form is larger than the limit', () => {
    const { back, loss } = resultOf({ f: () => 1, text: 'x'.repeat(500) }, 100);
    expect(back).toBeUndefined();
    expect(loss).toContain('more than the limit of 100');
  });

  it('has no __proto__ of its own', () => {
    const { back } = resultOf(JSON.parse('{"a":1,"__proto__":{"polluted":1}}'));
    expect(back).toEqual({ a: 1 });
    expect((back as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

/** A handler that finished has succeeded: whatever it returned can be stored by every engine. */
describe('any result can be stored:', () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();

  it.each<[string, unknown]>([
    [
      'a getter that throws',
      {
        get a() {
          throw new Error('no');
        },
      },
    ],
    [
      'a getter that throws null',
      {
        get a(): never {
          throw null;
        },
      },
    ],
    [
      'a toJSON that throws',
      {
        toJSON() {
          throw new Error('no');
        },
      },
    ],
    ['a revoked proxy', revoked.proxy],
    ['a Promise', { p: Promise.resolve() }],
    ['an Error', new Error('x')],
    ['NUL in text', { a: ['x\0'] }],
    ['lone surrogates in text', 'a\uD800b\uDC00'],
    ['NUL in a key', { 'a\0b': 1 }],
    ['a lone surrogate in a key', { '\uD800': { a: 1 } }],
    ['NUL in a key of a class instance', Object.assign(new Invoice(), { 'a\0': 1 })],
    ['NUL that a toJSON returns', { toJSON: () => 'x\0' }],
    ['6,000 levels', nest(6_000)],
    ['2,000 levels', nest(2_000)],
    ['300 levels', nest(300)],
    ['a BigInt64Array', new BigInt64Array([1n])],
    ['a BigInt64Array in a list', { list: [new BigInt64Array([1n])] }],
    ['a float array with NaN', new Float64Array([Number.NaN])],
    ['an invalid Date', new Date(Number.NaN)],
    ['a symbol', Symbol('s')],
    ['a constructor key beside a Date', { constructor: 1, at: new Date(0) }],
  ])('%s', (_what, value) => {
    const { value: stored } = toStorableResult(value, LIMIT);
    const text = JSON.stringify(stored);
    expect(text).not.toContain(String.raw`\u0000`);
    expect(text).not.toMatch(/\\ud[89a-f]/i);
    expect(depthOf(JSON.parse(text))).toBeLessThanOrEqual(DEEPEST);
    expect(() => restoreValue(JSON.parse(text))).not.toThrow();
  });
});

function nest(depth: number): unknown {
  let deep: unknown = 1;
  for (let i = 0; i < depth; i++) deep = { deep };
  return deep;
}

function depthOf(value: unknown): number {
  let depth = 0;
  let level = [value];
  while (level.length > 0) {
    level = level.flatMap((v) => (typeof v === 'object' && v !== null ? Object.values(v) : []));
    depth++;
  }
  return depth;
}
