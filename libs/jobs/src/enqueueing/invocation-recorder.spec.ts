import { afterEach, describe, expect, it, vi } from 'vitest';
import { InvalidInvocationError } from '../errors/index.js';
import { recordInvocation } from './invocation-recorder.js';

const constructed = vi.fn<() => void>();

class EmailService {
  readonly domain = 'example.org';

  constructor() {
    constructed();
  }

  send(_to: string, _copies = 1): string {
    throw new Error('must not run');
  }

  remind(): void {}
}

abstract class Mailer {
  abstract send(to: string): Promise<void>;
}

const record = (call: (s: EmailService) => unknown) => recordInvocation(EmailService, call);

describe('a recorded call', () => {
  it('has the name of the method and its arguments, as they are', () => {
    const arg = { at: new Date() };
    const { methodName, args } = record((s) => s.send(arg as never, 3));
    expect(methodName).toBe('send');
    expect(args).toEqual([arg, 3]);
    expect(args[0]).toBe(arg);
  });

  it('makes no instance, and runs nothing', () => {
    record((s) => s.send('a'));
    expect(constructed).not.toHaveBeenCalled();
  });

  it('may be of an abstract class', () => {
    expect(recordInvocation(Mailer, (m) => m.send('a'))).toEqual({
      methodName: 'send',
      args: ['a'],
    });
  });

  it('may be made in a block or in an async function', () => {
    expect(
      record((s) => {
        s.remind();
      }).methodName,
    ).toBe('remind');
    expect(
      record(async (s) => {
        s.remind();
      }).methodName,
    ).toBe('remind');
  });

  it('may be of a method called "then", "toString" or "constructor"', () => {
    for (const name of ['then', 'toString', 'constructor', 'toJSON']) {
      expect(record((s) => (s as never as Record<string, () => void>)[name]!()).methodName).toBe(
        name,
      );
    }
  });
});

describe('anything but one call is refused:', () => {
  it.each<[string, (s: EmailService) => unknown, RegExp]>([
    ['no call', () => 5, /made no call of EmailService/],
    ['a property that is only read', (s) => s.domain, /read "domain" but made no call/],
    ['a method that is not called', (s) => s.send, /read "send" but made no call/],
    ['two calls', (s) => [s.send('a'), s.remind()], /made two calls \("send" and "remind"\)/],
    ['a call inside the arguments of another', (s) => s.send(s.send('a')), /made two calls/],
    ['a symbol', (s) => String(s), /read the symbol Symbol\(Symbol\.toPrimitive\)/],
    ['a spread', (s) => [...(s as never as [])], /read the symbol Symbol\(Symbol\.iterator\)/],
    [
      'an assignment',
      (s) => ((s as { domain: string }).domain = 'x'),
      /set "domain" of EmailService/,
    ],
    [
      'a call after an await',
      async (s) => {
        await Promise.resolve();
        s.remind();
      },
      /made no call/,
    ],
  ])('%s', (_what, call, message) => {
    const quiet = (s: EmailService) => {
      const result = call(s);
      if (result instanceof Promise) result.catch(() => undefined);
      return result;
    };
    expect(() => record(quiet)).toThrow(InvalidInvocationError);
    expect(() => record(quiet)).toThrow(message);
    expect(() => record(quiet)).toThrow(
      /Expected exactly one call.*enqueue\(EmailService, \(s\) =>/,
    );
  });

  it('a call that comes too late is refused where it is made', async () => {
    let late: Promise<unknown> | undefined;
    record((s) => {
      late = Promise.resolve().then(() => s.send('late'));
      late.catch(() => undefined);
      s.remind();
    });
    await expect(late).rejects.toThrow(/called "send" too late \(after an await\)/);
  });

  it('what the callback itself throws is passed on', () => {
    expect(() =>
      record(() => {
        throw new RangeError('mine');
      }),
    ).toThrow(RangeError);
  });
});

describe('an async callback', () => {
  const others = process.listeners('unhandledRejection');
  afterEach(() => {
    process.removeAllListeners('unhandledRejection');
    for (const listener of others) process.on('unhandledRejection', listener);
  });

  it('cannot crash the process by a late call', async () => {
    const unhandled = vi.fn<(reason: unknown) => void>();
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', unhandled);
    const call = async (s: EmailService) => {
      s.remind();
      await Promise.resolve();
      s.send('late');
    };
    expect(record(call).methodName).toBe('remind');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(unhandled).not.toHaveBeenCalled();
  });
});
