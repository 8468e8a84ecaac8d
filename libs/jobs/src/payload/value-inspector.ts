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
  const walk = new Walk(location);
  walk.visit(value, path);
  return { rich: walk.rich, maxBytes: walk.maxBytes };
}

class Walk {
  rich = false;
  maxBytes = 0;
  private readonly ancestors: object[] = [];

  constructor(private readonly location: JobLocation) {}

  visit(value: unknown, path: string): void {
    switch (typeof value) {
      case 'string':
        this.visitText(value, path, 'a string');
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
        else this.visitObject(value, path);
        return;
      default:
        this.refuse(path, `a ${typeof value}`);
    }
  }

  private visitText(text: string, path: string, what: string): void {
    if (!text.isWellFormed())
      this.refuse(path, `${what} that is no valid Unicode (a lone surrogate)`);
    if (text.includes('\0')) this.refuse(path, `${what} with a NUL character`);
    this.maxBytes += 3 + text.length * MAX_BYTES_PER_CHARACTER;
  }

  private visitObject(value: object, path: string): void {
    if (this.ancestors.includes(value)) this.refuse(path, 'a circular reference');
    if (this.ancestors.length >= MAX_DEPTH)
      this.refuse(path, `a value nested deeper than ${MAX_DEPTH} levels`);
    this.ancestors.push(value);
    this.maxBytes += 4;
    if (Array.isArray(value)) {
      // By index, not forEach: a hole must be seen as the undefined it becomes.
      if (Object.getPrototypeOf(value) !== Array.prototype)
        this.refuse(path, describeObject(value));
      for (let i = 0; i < value.length; i++) {
        if (!(i in value)) this.refuse(`${path}[${i}]`, 'a hole in a list');
        this.visit(value[i], `${path}[${i}]`);
      }
    } else if (isPlain(value)) {
      this.visitPlain(value, path);
    } else {
      this.visitRich(value, path);
    }
    this.ancestors.pop();
  }

  private visitPlain(value: object, path: string): void {
    for (const [key, child] of Object.entries(value)) {
      if (key === '__proto__')
        this.refuse(`${path}["__proto__"]`, 'a key that can replace a prototype');
      this.visitText(key, path, 'a key');
      this.visit(child, `${path}.${key}`);
    }
    if (Object.getOwnPropertySymbols(value).length > 0)
      this.refuse(path, 'an object with symbol keys');
  }

  private visitRich(value: object, path: string): void {
    this.rich = true;
    this.maxBytes += 128;
    if (isExactly(value, Date)) {
      if (Number.isNaN(value.getTime())) this.refuse(path, 'an invalid Date');
    } else if (isExactly(value, Map)) {
      let index = 0;
      for (const [key, child] of value) {
        this.visit(key, `${path}.keys[${index}]`);
        this.visit(child, `${path}.values[${index++}]`);
      }
    } else if (isExactly(value, Set)) {
      let index = 0;
      for (const child of value) this.visit(child, `${path}.values[${index++}]`);
    } else if (isExactly(value, URL) || isExactly(value, RegExp)) {
      this.visitText(String(value), path, 'a text');
    } else if (isTypedArray(value)) {
      this.maxBytes += value.byteLength * 8;
    } else {
      this.refuse(path, describeObject(value));
    }
  }

  private refuse(path: string, found: string): never {
    throw new UnserializableValueError(path, found, this.location);
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
