import { describe, expect, it } from 'vitest';
import { InvalidInvocationError } from '../errors/index.js';
import { storeValue } from '../payload/index.js';
import { extractSlots, fillSlots } from './argument-slots.js';
import { createPlaceholder } from './placeholder.js';

interface Order {
  id: string;
  lines: { sku: string }[];
}

const order = () => createPlaceholder(0) as Order;
const completed = (result: unknown) =>
  ({ status: 'completed', result: storeValue(result, 'result').value }) as const;

describe('placeholders in arguments', () => {
  it('are found where they are, and replaced by null', () => {
    const result = order();
    const { args, slots } = extractSlots([1, result, { a: [result.id, 2] }, result.lines[3]?.sku]);
    expect(args).toEqual([1, null, { a: [null, 2] }, null]);
    expect(slots).toEqual([
      { at: [1], of: 0, path: [] },
      { at: [2, 'a', 0], of: 0, path: ['id'] },
      { at: [3], of: 0, path: ['lines', '3', 'sku'] },
    ]);
  });

  it('leave arguments without any as they are', () => {
    const args = [{ a: new Date(0) }, new Map([[1, 2]]), [1]];
    const { args: same, slots } = extractSlots(args);
    expect(slots).toEqual([]);
    expect(same).toEqual(args);
  });

  it('are filled with the result, or a property of it', () => {
    const result = order();
    const { args, slots } = extractSlots([result, { first: result.lines[0]?.sku }]);
    const value = { id: 'o-1', lines: [{ sku: 'pen' }], at: new Date(5) };
    expect(fillSlots(args, slots, [completed(value)], 'completed')).toEqual([
      value,
      { first: 'pen' },
    ]);
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'text'],
  ])('are undefined where the result is %s and has no such property', (_what, value) => {
    const { args, slots } = extractSlots([order().lines[0]]);
    expect(fillSlots(args, slots, [completed(value)], 'completed')).toEqual([undefined]);
  });

  it('reach own properties alone', () => {
    const placeholder = createPlaceholder(0) as { constructor: { name: string } };
    const { args, slots } = extractSlots([placeholder.constructor.name]);
    expect(fillSlots(args, slots, [completed({ id: 1 })], 'completed')).toEqual([undefined]);
  });

  it('are filled with the error, or with how each of several jobs ended', () => {
    const failed = { status: 'failed', error: { name: 'RangeError', message: 'far' } } as const;
    const { args, slots } = extractSlots([createPlaceholder(1), createPlaceholder(0)]);
    expect(fillSlots(args, slots, [completed(1), failed], 'finished')).toEqual([
      failed,
      { status: 'completed', result: 1 },
    ]);
    expect(fillSlots(args, slots, [failed, failed], 'failed')).toEqual([
      failed.error,
      failed.error,
    ]);
  });
});

describe('a placeholder', () => {
  it.each<[string, (order: Order) => unknown]>([
    ['converted to a text', (o) => `order ${o.id}`],
    ['calculated with', (o) => Number(o.id) + 1],
    ['called', (o) => o.lines.map((line) => line.sku)],
    ['spread', (o) => ({ ...o })],
    ['iterated', (o) => [...o.lines]],
    ['destructured with a rest', ({ id: _id, ...rest }) => rest],
    ['asked for a key', (o) => 'id' in o],
    ['asked for its class', (o) => o instanceof Date],
    ['changed', (o) => (o.id = 'x')],
    ['deleted from', (o) => Reflect.deleteProperty(o, 'id')],
    ['written as JSON', (o) => JSON.stringify({ o: (o as { toJSON?: unknown }).toJSON })],
    ['awaited', (o) => (o as { then?: unknown }).then],
  ])('that is %s is refused at once', (_what, use) => {
    expect(() => use(order())).toThrow(InvalidInvocationError);
  });

  it('says which part was used, and what to do instead', () => {
    expect(() => order().lines.map((line) => line.sku)).toThrow(
      /called "result.lines.map".* is not known yet.* work with it in the method/,
    );
  });
});
