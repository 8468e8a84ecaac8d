import { InvalidInvocationError } from '../errors/index.js';

/** Which value a placeholder stands for. @internal */
export interface PlaceholderSource {
  /** Which antecedent. */
  readonly of: number;
  /** Properties of what it stands for. */
  readonly path: readonly string[];
}

const sources = new WeakMap<object, PlaceholderSource>();

/**
 * Stands for a value that is known only when the job before has ended. It can be passed on as an argument, whole or
 * a property of it; whatever else is done with it throws InvalidInvocationError.
 * @internal
 */
export function createPlaceholder(of: number, path: readonly string[] = []): unknown {
  // A function, so that a call reaches the proxy and not the engine's "is not a function".
  const placeholder = new Proxy(() => undefined, new Placeholder(of, path));
  sources.set(placeholder, { of, path });
  return placeholder;
}

/** What a value stands for, if it is a placeholder. @internal */
export function placeholderOf(value: unknown): PlaceholderSource | undefined {
  return typeof value === 'function' ? sources.get(value) : undefined;
}

/** Names by which the language looks for a way to make a value something else. */
const CONVERSIONS = new Set(['then', 'toJSON', 'toString', 'valueOf']);

class Placeholder implements ProxyHandler<() => undefined> {
  constructor(
    private readonly of: number,
    private readonly path: readonly string[],
  ) {}

  get(_target: unknown, key: string | symbol): unknown {
    if (typeof key === 'symbol') return this.refuse(`read the symbol ${String(key)} of`);
    if (CONVERSIONS.has(key)) return this.refuse(`converted (${key})`);
    return createPlaceholder(this.of, [...this.path, key]);
  }

  apply(): never {
    return this.refuse('called');
  }

  set(): never {
    return this.refuse('changed');
  }

  defineProperty(): never {
    return this.refuse('changed');
  }

  deleteProperty(): never {
    return this.refuse('changed');
  }

  has(): never {
    return this.refuse('looked for a key in');
  }

  ownKeys(): never {
    return this.refuse('spread or listed the keys of');
  }

  getPrototypeOf(): never {
    return this.refuse('looked at the type of');
  }

  private refuse(what: string): never {
    const name = ['the result', ...this.path].join('.');
    throw new InvalidInvocationError(
      `Expected the result of the job before to be passed on, whole or a property of it, as in ` +
        `(s, result) => s.method(result.id); the callback ${what} ${name}, which is not known yet. ` +
        'Work with it in the method that is called.',
    );
  }
}
