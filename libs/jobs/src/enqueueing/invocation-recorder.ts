import type { HandlerClass } from '../discovery/index.js';
import { InvalidInvocationError } from '../errors/index.js';
import { show } from '../options/index.js';
import { UnknownValueError } from './unknown-value.js';

/** The one call that a callback made. @internal */
export interface Invocation {
  readonly methodName: string;
  readonly args: readonly unknown[];
}

/**
 * Runs a callback with a stand-in for a service and records the one call it makes; no instance of
 * the service is needed, and nothing of it runs.
 * @throws InvalidInvocationError when it makes no call, two calls, or anything but a call
 * @internal
 */
export function recordInvocation<T>(
  type: HandlerClass<T>,
  call: (service: T) => unknown,
): Invocation {
  if (typeof type !== 'function' || typeof call !== 'function')
    throw new InvalidInvocationError(misuse(type, call));
  const recorder = new InvocationRecorder(type);
  const returned = recorder.watch(() => call(new Proxy({}, recorder) as T));
  // What an async callback does later cannot be reported here; it must not crash the process
  // either.
  if (returned instanceof Promise) returned.catch(() => undefined);
  return recorder.finish();
}

function misuse(type: unknown, call: unknown): string {
  return typeof type === 'function'
    ? `Expected a callback as in enqueue(${type.name}, (s) => s.method(arg)), got ${show(call)}.`
    : `Expected a class as in enqueue(EmailService, (s) => s.send(id)), got ${show(type)}. ` +
        'If it is undefined, its file is probably part of a circular import.';
}

class InvocationRecorder implements ProxyHandler<object> {
  private invocation: Invocation | undefined;
  private read: string | undefined;
  private finished = false;

  constructor(private readonly type: HandlerClass) {}

  /** What is not known yet knows not either in whose call it was used. */
  watch(call: () => unknown): unknown {
    try {
      return call();
    } catch (error) {
      throw error instanceof UnknownValueError ? error.in(this.type.name, this.read) : error;
    }
  }

  get(_target: object, key: string | symbol): unknown {
    if (typeof key === 'symbol') return this.refuse(`read the symbol ${String(key)} of`);
    this.read = key;
    return (...args: unknown[]) => this.record(key, args);
  }

  set(_target: object, key: string | symbol): boolean {
    return this.refuse(`set "${String(key)}" of`);
  }

  /** Reached when the stand-in itself is given as an argument. */
  ownKeys(): never {
    return this.refuse('passed the service itself as an argument of');
  }

  finish(): Invocation {
    this.finished = true;
    if (this.invocation) return this.invocation;
    return this.refuse(
      this.read === undefined ? 'made no call of' : `read "${this.read}" but made no call of`,
    );
  }

  private record(methodName: string, args: unknown[]): undefined {
    if (this.finished) return this.refuse(`called "${methodName}" too late (after an await) on`);
    if (this.invocation) {
      return this.refuse(`made two calls ("${this.invocation.methodName}" and "${methodName}") of`);
    }
    this.invocation = { methodName, args };
    return undefined;
  }

  private refuse(what: string): never {
    throw new InvalidInvocationError(
      `Expected exactly one call of a @Job() method, as in enqueue(${this.type.name}, (s) => s.method(arg)); ` +
        `the callback ${what} ${this.type.name}.`,
    );
  }
}
