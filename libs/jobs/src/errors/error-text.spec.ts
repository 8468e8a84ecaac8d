import { describe, expect, it } from 'vitest';
import { errorReason, errorText } from './error-text.js';

const refused = new Error('connect ECONNREFUSED 127.0.0.1:80');

describe('the text of an error', () => {
  it('is its stack, where that is all', () => {
    expect(errorText(refused)).toBe(refused.stack);
  });

  it('has the stacks of its causes', () => {
    const error = new Error('report failed', {
      cause: new TypeError('fetch failed', { cause: refused }),
    });
    expect(errorText(error)).toMatch(
      /^Error: report failed\n.*spec[^]*\nCaused by: TypeError: fetch failed\n.*spec[^]*\nCaused by: Error: connect ECONNREFUSED.*\n.*spec/,
    );
  });

  it('has the members of an AggregateError, and says of how many', () => {
    const members = Array.from({ length: 12 }, (_, n) => new Error(`member ${n}`));
    const text = errorText(new AggregateError(members, 'all failed'));
    expect(text).toMatch(
      /^AggregateError: all failed[^]*\n\[1 of 12\] Error: member 0\n[^]*member 4/,
    );
    expect(text).not.toContain('member 5');
  });

  it('has causes that are no errors', () => {
    expect(errorText(new Error('a', { cause: 'no disk' }))).toContain('\nCaused by: no disk');
    expect(errorText(new Error('a', { cause: { code: 5 } }))).toContain('Caused by: { code: 5 }');
    expect(errorText('text')).toBe('text');
    expect(errorText(undefined)).toBe('undefined');
  });

  it('is never longer than about 8,000 characters, and keeps the stack behind a long message', () => {
    const long = new Error('x'.repeat(1e6));
    expect(errorText(long)).toMatch(/characters more\)\n\s+at .*spec/);
    const members = Array.from({ length: 1e4 }, () => new Error('y'.repeat(1e5), { cause: long }));
    expect(errorText(new AggregateError(members, 'z')).length).toBeLessThan(8_300);
    const deep = Array.from({ length: 1e4 }).reduce<Error>(
      (cause, _, n) => new Error(`level ${n}`, { cause }),
      refused,
    );
    expect(errorText(deep).length).toBeLessThan(8_300);
  });

  it('ends with errors that cause themselves, and reads what throws when it is read', () => {
    const circle = new Error('circle');
    circle.cause = circle;
    expect(errorText(circle)).toContain('Caused by: Error: circle');
    expect(errorReason(circle)).toBe('circle');
    const [one, two] = [new Error('one'), new Error('two')];
    [one.cause, two.cause] = [two, one];
    expect(errorReason(one)).toBe('one: two');
    const hostile = new Error('x');
    for (const key of ['stack', 'message', 'cause', 'errors'])
      Object.defineProperty(hostile, key, {
        get() {
          throw new Error('no');
        },
      });
    expect(errorText(hostile)).toBeTypeOf('string');
    expect(errorReason(hostile)).toBeTypeOf('string');
  });

  it('reads few errors, however many there are', () => {
    let reads = 0;
    const make = (): AggregateError => {
      const error = new AggregateError([], 'again');
      const next = (): unknown => {
        reads++;
        return make();
      };
      Object.defineProperty(error, 'cause', { get: next });
      Object.defineProperty(error, 'errors', { get: () => Array.from({ length: 9 }, next) });
      return error;
    };
    expect(errorReason(make())).toBe('again');
    expect(reads).toBeLessThan(10);
    expect(errorText(make())).toContain('Caused by: AggregateError: again');
    expect(reads).toBeLessThan(1_000);
    const knot = new AggregateError([], 'knot');
    knot.errors = Array.from({ length: 5 }, () => knot);
    expect(errorText(knot).match(/AggregateError: knot/g)).toHaveLength(6);
  });
});

describe('the reason of an error', () => {
  it('has the messages of its causes, each once', () => {
    expect(errorReason(refused)).toBe('connect ECONNREFUSED 127.0.0.1:80');
    const fetchFailed = new Error('fetch failed', { cause: refused });
    expect(errorReason(fetchFailed)).toBe('fetch failed: connect ECONNREFUSED 127.0.0.1:80');
    expect(errorReason(new Error('report: fetch failed', { cause: fetchFailed }))).toBe(
      'report: fetch failed: connect ECONNREFUSED 127.0.0.1:80',
    );
    expect(errorReason('text')).toBe('text');
  });
});
