import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { NonErrorThrownError } from '../errors/index.js';
import { toStorableError } from './thrown-value.js';

const location = { name: 'EmailService.send', queue: 'emails', id: '7' };
const convert = (thrown: unknown) => toStorableError(thrown, location);

class PaymentError extends Error {
  override name = 'PaymentError';
  readonly code = 402;
}

describe('an error that can be stored', () => {
  it.each([
    new Error('plain'),
    new PaymentError('declined'),
    new Error('', { cause: new Error('why') }),
    new AggregateError([new Error('a')], 'many'),
    new DOMException('aborted', 'AbortError'),
  ])('stays itself: %s', (error) => {
    expect(convert(error)).toBe(error);
  });
});

describe('what is thrown in place of an error', () => {
  it.each<[unknown, string]>([
    [null, 'null'],
    [undefined, 'undefined'],
    ['text', "'text'"],
    [7, '7'],
    [5n, '5n'],
    [false, 'false'],
    [Symbol('s'), 'Symbol(s)'],
    [{ code: 402 }, '{ code: 402 }'],
    [[1, 2], '[ 1, 2 ]'],
  ])('%s becomes an error that shows it', (thrown, text) => {
    const error = convert(thrown);
    expect(error).toBeInstanceOf(NonErrorThrownError);
    expect(error.message).toBe(
      `Job "EmailService.send" (id 7) in queue "emails" threw ${text} instead of an Error.`,
    );
  });

  it('is shown briefly, however large', () => {
    expect(convert('x'.repeat(1e6)).message.length).toBeLessThan(10_000);
    expect(
      convert(Array.from({ length: 1e5 }, () => ({ a: 'x'.repeat(500) }))).message.length,
    ).toBeLessThan(10_000);
  });

  it.each<[string, unknown]>([
    [
      'an object with getters that throw',
      {
        get message() {
          throw new Error('no');
        },
      },
    ],
    [
      'an object that cannot be inspected',
      {
        [inspect.custom]() {
          throw new Error('no');
        },
      },
    ],
    ['an object whose prototype is null', Object.create(null)],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          get() {
            throw new Error('no');
          },
          getPrototypeOf: () => null,
        },
      ),
    ],
    ['text with NUL', 'a\0b'],
    ['text with a lone surrogate', 'a\uD800'],
  ])('may be %s', (_what, thrown) => {
    expectStorable(convert(thrown));
  });
});

describe('an error that no store could take is made storable:', () => {
  const withMessage = (message: unknown) => Object.assign(new Error('x'), { message });
  const withGetter = (key: string, thrown: unknown = new Error('no')) =>
    Object.defineProperty(new Error('x'), key, {
      get() {
        throw thrown;
      },
    });

  it.each<[string, unknown]>([
    ['a huge message', new Error('x'.repeat(1e6))],
    ['a huge stack', Object.assign(new Error('x'), { stack: 'x'.repeat(1e6) })],
    ['NUL in the message', new Error('a\0b')],
    ['a lone surrogate in the message', new Error('a\uD800b')],
    ['NUL in the stack', Object.assign(new Error('x'), { stack: 'a\0b' })],
    ['a message that is no text', withMessage({ code: 1 })],
    ['no message', withMessage(undefined)],
    ['a stack that is no text', Object.assign(new Error('x'), { stack: 5 })],
    ['no stack', Object.assign(new Error('x'), { stack: undefined })],
    ['a message that throws when read', withGetter('message')],
    ['a stack that throws when read', withGetter('stack')],
    ['a name that throws when read', withGetter('name')],
    ['a name that throws null when read', withGetter('name', null)],
    ['a name that is no text', Object.assign(new Error('x'), { name: 7 })],
  ])('%s', (_what, thrown) => {
    expectStorable(convert(thrown));
  });

  it('keeps the words, the name and the thrown error', () => {
    const thrown = Object.assign(new PaymentError('a\0b'));
    const error = convert(thrown);
    expect(error.message).toBe('a\uFFFDb');
    expect(error.name).toBe('PaymentError');
    expect(error.cause).toBe(thrown);
    expect(error.stack).toContain('thrown-value.spec');
  });

  it('keeps the beginning of a huge message, and says how much is missing', () => {
    const { message } = convert(new Error(`start ${'x'.repeat(1e6)}`));
    expect(message).toMatch(/^start x/);
    expect(message).toMatch(/\(\d+ characters more\)$/);
  });
});

/** What is read of an error when it is stored. */
function expectStorable(error: Error): void {
  expect(error).toBeInstanceOf(Error);
  for (const text of [error.message, error.stack ?? '']) {
    expect(text).toBeTypeOf('string');
    expect(text.isWellFormed()).toBe(true);
    expect(text).not.toContain('\0');
  }
  expect(error.message.length).toBeLessThan(10_000);
  expect((error.stack ?? '').length).toBeLessThan(40_000);
}
