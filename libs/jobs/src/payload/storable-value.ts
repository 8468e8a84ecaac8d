import { types } from 'node:util';
import { UnserializableValueError, type JobLocation } from '../errors/index.js';

/**
 * Deeper values are refused: PostgreSQL and JSON parsers of other languages have limits of their
 * own.
 */
export const MAX_DEPTH = 256;

/** JSON escapes a character to at most six bytes, `\u0001`. */
const MAX_BYTES_PER_CHARACTER = 6;

/** What {@link takeValue} made of a value. @internal */
export interface TakenValue {
  /** Shares nothing with the value, which may change from now on. */
  readonly copy: unknown;
  /** Whether plain JSON loses something, so that superjson's annotations are needed. */
  readonly rich: boolean;
  /** No JSON of the value is longer than this. */
  readonly maxBytes: number;
}

/**
 * Walks a value once and copies it: refuses what would not come back as it went in, and tells
 * whether plain JSON is enough. Each part is read once, so that what was checked is what is stored,
 * whatever its getters say the second time and whatever becomes of it later. Refusals name the
 * path, since "cannot serialize" without it costs an hour.
 * @param path what the value is called in messages, e.g. `args`
 * @param maxParts more parts than this are not copied, since none takes less than a byte
 * @throws UnserializableValueError, TooManyPartsError
 * @internal
 */
export function takeValue(
  value: unknown,
  path: string,
  location: JobLocation,
  maxParts = Number.POSITIVE_INFINITY,
): TakenValue {
  const walk = new Walk(path, location, maxParts);
  const copy = walk.visit(value);
  return { copy, rich: walk.rich, maxBytes: walk.maxBytes };
}

/**
 * Parts that are referred to again and again may be few in memory and more in JSON than any store
 * takes. @internal
 */
export class TooManyPartsError extends Error {}

class Walk {
  rich = false;
  maxBytes = 0;
  private parts = 0;
  private readonly ancestors: object[] = [];
  /** The way from the root; made into words only for a refusal. */
  private readonly steps: (string | number)[] = [];

  constructor(
    private readonly root: string,
    private readonly location: JobLocation,
    private readonly maxParts: number,
  ) {}

  /** @returns the copy */
  visit(value: unknown): unknown {
    this.parts += 1;
    if (this.parts > this.maxParts) throw new TooManyPartsError();
    switch (typeof value) {
      case 'string':
        this.visitText(value, 'a string');
        return value;
      case 'number':
        // NaN, the infinities and -0 become null and 0 in JSON.
        if (!Number.isFinite(value) || Object.is(value, -0)) this.rich = true;
        this.maxBytes += 32;
        return value;
      case 'boolean':
        this.maxBytes += 6;
        return value;
      case 'undefined':
        this.rich = true;
        this.maxBytes += 32;
        return value;
      case 'bigint':
        this.rich = true;
        this.maxBytes += 32 + value.toString().length;
        return value;
      case 'object':
        if (value !== null) return this.visitObject(value);
        this.maxBytes += 5;
        return null;
      default:
        return this.refuse(`a ${typeof value}`);
    }
  }

  private visitText(text: string, what: string): void {
    if (!text.isWellFormed()) this.refuse(`${what} that is no valid Unicode (a lone surrogate)`);
    if (text.includes('\0')) this.refuse(`${what} with a NUL character`);
    this.maxBytes += 3 + text.length * MAX_BYTES_PER_CHARACTER;
  }

  private visitObject(value: object): object {
    if (this.ancestors.includes(value)) this.refuse('a circular reference');
    if (this.ancestors.length >= MAX_DEPTH)
      this.refuse(`a value nested deeper than ${MAX_DEPTH} levels`);
    this.ancestors.push(value);
    this.maxBytes += 4;
    const copy = this.copyOf(value);
    this.ancestors.pop();
    return copy;
  }

  private copyOf(value: object): object {
    if (Array.isArray(value)) return this.visitList(value);
    return isPlain(value) ? this.visitPlain(value) : this.visitRich(value);
  }

  private visitStep(step: string | number, value: unknown): unknown {
    this.steps.push(step);
    const copy = this.visit(value);
    this.steps.pop();
    return copy;
  }

  private visitList(list: readonly unknown[]): unknown[] {
    if (Object.getPrototypeOf(list) !== Array.prototype) this.refuse(describeObject(list));
    const copy: unknown[] = [];
    // By index, not forEach, which passes over holes.
    for (let index = 0; index < list.length; index++) {
      if (!(index in list)) this.refuse('a hole in a list', index);
      copy.push(this.visitStep(index, list[index]));
    }
    return copy;
  }

  private visitPlain(value: object): object {
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      if (key === '__proto__') this.refuse('a key that can replace a prototype', key);
      this.visitText(key, 'a key');
      copy[key] = this.visitStep(key, (value as Record<string, unknown>)[key]);
    }
    if (Object.getOwnPropertySymbols(value).length > 0) this.refuse('an object with symbol keys');
    return copy;
  }

  private visitRich(value: object): object {
    this.rich = true;
    this.maxBytes += 128;
    if (types.isDate(value) && isExactly(value, Date)) {
      const copy = new Date(value);
      return Number.isNaN(copy.getTime()) ? this.refuse('an invalid Date') : copy;
    }
    if (types.isMap(value) && isExactly(value, Map)) {
      const entries = [...value];
      const keys = this.visitAll(
        'keys',
        entries.map(([key]) => key),
      );
      const values = this.visitAll(
        'values',
        entries.map(([, child]) => child),
      );
      return new Map(keys.map((key, index) => [key, values[index]]));
    }
    if (types.isSet(value) && isExactly(value, Set))
      return new Set(this.visitAll('values', [...value]));
    if (isExactly(value, URL)) return new URL(this.textOf(value));
    if (types.isRegExp(value) && isExactly(value, RegExp)) {
      this.visitText(String(value), 'a text');
      return new RegExp(value);
    }
    if (!isTypedArray(value)) return this.refuse(describeObject(value));
    this.maxBytes += value.byteLength * 8;
    return copyBytes(value);
  }

  private textOf(value: URL): string {
    const text = String(value);
    this.visitText(text, 'a text');
    return text;
  }

  private visitAll(step: string, values: readonly unknown[]): unknown[] {
    this.steps.push(step);
    const copies = values.map((value, index) => this.visitStep(index, value));
    this.steps.pop();
    return copies;
  }

  private refuse(found: string, ...further: (string | number)[]): never {
    const path = [...this.steps, ...further].map((step) => {
      if (typeof step === 'number') return `[${step}]`;
      return step === '__proto__' ? '["__proto__"]' : `.${step}`;
    });
    throw new UnserializableValueError(this.root + path.join(''), found, this.location);
  }
}

function isExactly<T extends object>(value: object, type: new (...args: never[]) => T): value is T {
  return Object.getPrototypeOf(value) === type.prototype;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Subclasses other than Buffer would come back as their base class. */
function isTypedArray(value: object): value is Uint8Array {
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return false;
  return (
    Buffer.isBuffer(value) || Object.getPrototypeOf(Object.getPrototypeOf(value)) === TYPED_ARRAY
  );
}

function copyBytes(value: Uint8Array): Uint8Array {
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  const type = Object.getPrototypeOf(value) as { constructor: new (list: object) => Uint8Array };
  return new type.constructor(value);
}

const TYPED_ARRAY: unknown = Object.getPrototypeOf(Uint8Array.prototype);

function describeObject(value: object): string {
  if (value instanceof Promise) return 'a Promise (did you forget an await?)';
  const name = (value.constructor as { name?: string } | undefined)?.name;
  return name ? `an instance of class ${name}` : 'an object with a prototype of its own';
}
