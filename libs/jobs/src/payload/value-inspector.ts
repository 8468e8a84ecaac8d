import { UnserializableValueError, type JobLocation } from '../errors/index.js';

/** Deeper values are refused: PostgreSQL and JSON parsers of other languages have limits of their own. */
export const MAX_DEPTH = 256;

/** JSON escapes a character to at most six bytes, `\u0001`. */
const MAX_BYTES_PER_CHARACTER = 6;

/** What {@link inspectValue} found. @internal */
export interface Inspection {
  /** Whether plain JSON loses something, so that superjson's annotations are needed. */
  readonly rich: boolean;
  /** No JSON of the value is longer than this. */
  readonly maxBytes: number;
}

/**
 * Walks a value once: refuses what would not come back as it went in, and tells whether plain JSON
 * is enough. Refusals name the path, since "cannot serialize" without it costs an hour.
 * @param path what the value is called in messages, e.g. `args`
 * @throws UnserializableValueError
 * @internal
 */
export function inspectValue(value: unknown, path: string, location: JobLocation): Inspection {
  const walk = new Walk(path, location);
  walk.visit(value);
  return { rich: walk.rich, maxBytes: walk.maxBytes };
}

class Walk {
  rich = false;
  maxBytes = 0;
  private readonly ancestors: object[] = [];
  /** The way from the root; made into words only for a refusal. */
  private readonly steps: (string | number)[] = [];

  constructor(
    private readonly root: string,
    private readonly location: JobLocation,
  ) {}

  visit(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.visitText(value, 'a string');
        return;
      case 'number':
        // NaN, the infinities and -0 become null and 0 in JSON.
        if (!Number.isFinite(value) || Object.is(value, -0)) this.rich = true;
        this.maxBytes += 32;
        return;
      case 'boolean':
        this.maxBytes += 6;
        return;
      case 'undefined':
        this.rich = true;
        this.maxBytes += 32;
        return;
      case 'bigint':
        this.rich = true;
        this.maxBytes += 32 + value.toString().length;
        return;
      case 'object':
        if (value === null) this.maxBytes += 5;
        else this.visitObject(value);
        return;
      default:
        this.refuse(`a ${typeof value}`);
    }
  }

  private visitText(text: string, what: string): void {
    if (!text.isWellFormed()) this.refuse(`${what} that is no valid Unicode (a lone surrogate)`);
    if (text.includes('\0')) this.refuse(`${what} with a NUL character`);
    this.maxBytes += 3 + text.length * MAX_BYTES_PER_CHARACTER;
  }

  private visitObject(value: object): void {
    if (this.ancestors.includes(value)) this.refuse('a circular reference');
    if (this.ancestors.length >= MAX_DEPTH)
      this.refuse(`a value nested deeper than ${MAX_DEPTH} levels`);
    this.ancestors.push(value);
    this.maxBytes += 4;
    if (Array.isArray(value)) this.visitList(value);
    else if (isPlain(value)) this.visitPlain(value);
    else this.visitRich(value);
    this.ancestors.pop();
  }

  private visitStep(step: string | number, value: unknown): void {
    this.steps.push(step);
    this.visit(value);
    this.steps.pop();
  }

  private visitList(list: readonly unknown[]): void {
    if (Object.getPrototypeOf(list) !== Array.prototype) this.refuse(describeObject(list));
    // By index, not forEach, which passes over holes.
    for (let index = 0; index < list.length; index++) {
      if (!(index in list)) this.refuse('a hole in a list', index);
      this.visitStep(index, list[index]);
    }
  }

  private visitPlain(value: object): void {
    for (const key of Object.keys(value)) {
      if (key === '__proto__') this.refuse('a key that can replace a prototype', key);
      this.visitText(key, 'a key');
      this.visitStep(key, (value as Record<string, unknown>)[key]);
    }
    if (Object.getOwnPropertySymbols(value).length > 0) this.refuse('an object with symbol keys');
  }

  private visitRich(value: object): void {
    this.rich = true;
    this.maxBytes += 128;
    if (isExactly(value, Date)) {
      if (Number.isNaN(value.getTime())) this.refuse('an invalid Date');
    } else if (isExactly(value, Map)) {
      this.visitAll('keys', value.keys());
      this.visitAll('values', value.values());
    } else if (isExactly(value, Set)) {
      this.visitAll('values', value.values());
    } else if (isExactly(value, URL) || isExactly(value, RegExp)) {
      this.visitText(String(value), 'a text');
    } else if (isTypedArray(value)) {
      this.maxBytes += value.byteLength * 8;
    } else {
      this.refuse(describeObject(value));
    }
  }

  private visitAll(step: string, values: Iterable<unknown>): void {
    this.steps.push(step);
    let index = 0;
    for (const value of values) this.visitStep(index++, value);
    this.steps.pop();
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

const TYPED_ARRAY: unknown = Object.getPrototypeOf(Uint8Array.prototype);

function describeObject(value: object): string {
  if (value instanceof Promise) return 'a Promise (did you forget an await?)';
  const name = (value.constructor as { name?: string } | undefined)?.name;
  return name ? `an instance of class ${name}` : 'an object with a prototype of its own';
}
