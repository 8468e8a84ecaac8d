import { describe, expect, it } from 'vitest';
import { PayloadTooLargeError } from '../errors/index.js';
import { serializeArguments } from './argument-serializer.js';
import { toStorableResult } from './result-serializer.js';

const location = { name: 'ReportService.render', queue: 'reports' };
const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

function refusalOf(args: unknown[], limit: number): PayloadTooLargeError {
  try {
    serializeArguments(args, location, limit);
  } catch (error) {
    if (error instanceof PayloadTooLargeError) return error;
    throw error;
  }
  throw new Error('expected a refusal, got none');
}

describe('the limit of a payload', () => {
  it('refuses 10 MB and tells both sizes in bytes', () => {
    const args = ['x'.repeat(10 * 1024 * 1024)];
    const refusal = refusalOf(args, 1_048_576);
    expect(refusal.bytes).toBe(bytesOf({ args }));
    expect(refusal.limit).toBe(1_048_576);
    expect(refusal.message).toContain(`${refusal.bytes} bytes, more than the limit of 1048576`);
    expect(refusal.message).toContain('"ReportService.render"');
    expect(refusal.message).toContain('maxPayloadBytes');
  });

  it.each<[string, unknown[]]>([
    ['ASCII', ['x'.repeat(1_000)]],
    ['text of several bytes a character', ['ü€😀'.repeat(100)]],
    ['text that JSON escapes', ['"\\\n\u0001'.repeat(100)]],
    ['many small values', Array.from({ length: 200 }, (_, i) => ({ i, b: i % 2 === 0 }))],
    ['a Buffer', [Buffer.alloc(1_000, 1)]],
    ['a typed array', [new Uint8Array(300).fill(255)]],
    ['Dates', [Array.from({ length: 50 }, () => new Date(0))]],
  ])('is met to the byte by %s', (_what, args) => {
    const bytes = bytesOf(serializeArguments(args, location, 10_000_000));
    expect(() => serializeArguments(args, location, bytes)).not.toThrow();
    expect(refusalOf(args, bytes - 1).bytes).toBe(bytes);
  });

  it.each<[string, unknown[]]>([
    ['undefined under a long key', [{ ['k'.repeat(1_000)]: Array.from({ length: 300 }) }]],
    [
      'undefined under long, nested keys',
      [{ ['k'.repeat(500)]: { ['l'.repeat(500)]: Array.from({ length: 200 }) } }],
    ],
    [
      'one shared object, often',
      [{ ['k'.repeat(1_000)]: Array.from({ length: 300 }).fill(shared()) }],
    ],
    [
      'Dates in deep lists',
      [
        nest(
          100,
          Array.from({ length: 300 }, () => new Date(0)),
        ),
      ],
    ],
  ])('counts the annotations too: %s', (_what, args) => {
    const bytes = bytesOf(serializeArguments(args, location, 100_000_000));
    expect(() => serializeArguments(args, location, bytes - 1)).toThrow(PayloadTooLargeError);
  });

  it('is met soon by what is small in memory and endless in JSON', () => {
    let value: unknown = 1;
    for (let depth = 0; depth < 60; depth += 1) value = [value, value];
    const refusal = refusalOf([value], 10_000);
    expect(refusal.message).toContain('take at least 10001 bytes');
    expect(toStorableResult(value, 10_000)).toEqual({
      value: null,
      loss: 'is too large: it takes more bytes than the limit of 10000 (maxPayloadBytes); undefined is stored in its place',
    });
  });
});

function shared(): object {
  return { at: new Date(0) };
}

function nest(depth: number, value: unknown): unknown {
  return depth === 0 ? value : [nest(depth - 1, value)];
}
