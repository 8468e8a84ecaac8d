import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnserializableValueError } from '../errors/index.js';
import { deserializeArguments, serializeArguments } from './argument-serializer.js';
import { toStorableResult } from './result-serializer.js';
import { restoreValue } from './value-serializer.js';

const RUNS = 500;

const KEY_PARTS = ['a', '.', 'ü', '😀', '0', '$', '[', '\n', '\u0001', ' ', 'json', 'meta'];

/**
 * Not in keys: JSON.parse of V8 13.6 takes the key "a\n" for "a\\" where it has seen that one in an
 * object of the same shape. round-trip.spec.ts has such keys one by one.
 */
const TEXT_PARTS = [...KEY_PARTS, '\\', '"'];

class Values {
  private readonly made: object[] = [];

  constructor(private readonly draw: fc.GeneratorValue) {}

  any(depth: number): unknown {
    const choice = this.below(depth > 0 ? 20 : 13);
    if (choice < 13) return this.leaf(choice);
    if (choice === 19 && this.made.length > 0) return this.pick(this.made);
    const value = this.branch(choice, depth - 1);
    this.made.push(value);
    return value;
  }

  private leaf(choice: number): unknown {
    switch (choice) {
      case 0:
        return this.pick([undefined, null, true, false, Number.NaN, Infinity, -Infinity, -0, 0]);
      case 1:
        return BigInt(this.below(2 ** 31)) ** 5n;
      case 2:
        return new Date(this.below(2 ** 31) * 2 ** 11);
      case 3:
        return new URL(`https://example.org/${encodeURIComponent(this.text())}`);
      case 4:
        return this.pick([/a+/g, /[.\\/]/u, new RegExp('')]);
      case 5:
        return Uint8Array.from({ length: this.below(5) }, () => this.below(256));
      case 6:
        return Buffer.from(this.text());
      case 7:
        return (this.below(2 ** 31) / 2 ** 31 - 0.5) * 10 ** this.below(300);
      case 8:
        return this.below(1_000);
      default:
        return this.text();
    }
  }

  private branch(choice: number, depth: number): object {
    const many = <T>(make: () => T) => Array.from({ length: this.below(5) }, make);
    if (choice === 13) return new Map(many(() => [this.any(0), this.any(depth)]));
    if (choice === 14) return new Set(many(() => this.any(depth)));
    if (choice < 17) return many(() => this.any(depth));
    return Object.fromEntries(many(() => [this.key(), this.any(depth)]));
  }

  private text(): string {
    return this.joined(TEXT_PARTS);
  }

  private key(): string {
    return this.joined(KEY_PARTS);
  }

  private joined(parts: readonly string[]): string {
    return Array.from({ length: this.below(6) }, () => this.pick(parts)).join('');
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  private below(limit: number): number {
    return this.draw(fc.nat, limit - 1);
  }
}

/** For payloads of any kind. */
function always(property: (values: Values) => void): void {
  fc.assert(
    fc.property(fc.gen(), (draw) => property(new Values(draw))),
    { numRuns: RUNS },
  );
}

describe('any payload', () => {
  it('comes back as it went in', () => {
    always((values) => {
      const args = [values.any(4), values.any(3), values.any(2)];
      const text = JSON.stringify(serializeArguments(args, {}, Number.MAX_SAFE_INTEGER));
      const back = deserializeArguments(JSON.parse(text) as never);
      // Lists, so that the order in Sets and Maps is compared too.
      expect(ordered(back)).toStrictEqual(ordered(args));
    });
  });

  it('comes back from a result too', () => {
    always((values) => {
      const value = values.any(4);
      const { value: stored, loss } = toStorableResult(value, Number.MAX_SAFE_INTEGER);
      const back = restoreValue(JSON.parse(JSON.stringify(stored)));
      expect(loss).toBeUndefined();
      expect(ordered(back)).toStrictEqual(ordered(value));
    });
  });

  it('is refused whole when one bad value hides in it', () => {
    always((values) => {
      const bad = { deep: [values.any(3), { here: () => 1 }] };
      const store = () => serializeArguments([values.any(2), bad], {}, Number.MAX_SAFE_INTEGER);
      expect(store).toThrow(UnserializableValueError);
    });
  });
});

function ordered(value: unknown): unknown {
  if (value instanceof Map) return ['Map', ...[...value].map(ordered)];
  if (value instanceof Set) return ['Set', ...[...value].map(ordered)];
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, ordered(child)]));
}
