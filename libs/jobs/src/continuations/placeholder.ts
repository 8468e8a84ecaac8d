import { isUse, UnknownValueError, wordsOfRead, type UnknownUse } from '../enqueueing/index.js';

/** Which value a placeholder stands for. @internal */
export interface PlaceholderSource {
  /** Which antecedent. */
  readonly of: number;
  /** Properties of what it stands for. */
  readonly path: readonly string[];
}

const sources = new WeakMap<object, PlaceholderSource>();

/**
 * Stands for a value that is known only when the job before has ended. It can be passed on as an
 * argument, whole or a property of it; whatever else is done with it throws InvalidInvocationError.
 * @param parameter what messages call the callback's parameter: `results` for a list of values
 * @internal
 */
export function createPlaceholder(
  of: number,
  path: readonly string[] = [],
  parameter: Parameter = 'result',
): unknown {
  // A function, so that a call reaches the proxy and not the engine's "is not a function".
  const placeholder = new Proxy(() => undefined, new Placeholder(of, path, parameter));
  sources.set(placeholder, { of, path });
  return placeholder;
}

type Parameter = 'result' | 'results';

const MEANINGS: Readonly<Record<Parameter, string>> = {
  result: 'what the job before returns (its error, or how it ended, by `on`)',
  results: 'what each of the jobs before returns (its error, or how it ended, by `on`)',
};

/** What a value stands for, if it is a placeholder. @internal */
export function placeholderOf(value: unknown): PlaceholderSource | undefined {
  return typeof value === 'function' ? sources.get(value) : undefined;
}

class Placeholder implements ProxyHandler<() => undefined> {
  constructor(
    private readonly of: number,
    private readonly path: readonly string[],
    private readonly parameter: Parameter,
  ) {}

  get(_target: unknown, key: string | symbol): unknown {
    if (isUse(key)) return this.refuse(wordsOfRead(key));
    return createPlaceholder(this.of, [...this.path, String(key)], this.parameter);
  }

  apply(): never {
    return this.refuse((name) => `called ${name}`, this.nameOf(this.path.slice(0, -1)));
  }

  set(): never {
    return this.refuse((name) => `changed ${name}`);
  }

  defineProperty(): never {
    return this.refuse((name) => `changed ${name}`);
  }

  deleteProperty(): never {
    return this.refuse((name) => `changed ${name}`);
  }

  has(): never {
    return this.refuse((name) => `looked for a key in ${name}`);
  }

  ownKeys(): never {
    return this.refuse((name) => `spread ${name}, or listed its keys`);
  }

  getPrototypeOf(): never {
    return this.refuse((name) => `looked at the type of ${name}`);
  }

  private nameOf(path: readonly string[]): string {
    const root = this.parameter === 'results' ? `results[${this.of}]` : 'result';
    return [root, ...path].join('.');
  }

  private refuse(what: UnknownUse['what'], pass?: string): never {
    const { parameter } = this;
    const name = this.nameOf(this.path);
    throw new UnknownValueError({
      what,
      name,
      pass: pass ?? name,
      parameter,
      meaning: MEANINGS[parameter],
    });
  }
}
