import { describe, expect, it } from 'vitest';
import { UnserializableValueError } from '../errors/index.js';
import { deserializeArguments, serializeArguments } from './argument-serializer.js';

class User {
  name = 'Ada';
}
class Tags extends Set<string> {}
class Lookup extends Map<string, string> {}
class Moment extends Date {}
class Bytes extends Uint8Array {}
class List extends Array<number> {}

const location = { name: 'EmailService.send', queue: 'emails' };
const store = (...args: unknown[]) => serializeArguments(args, location, 1_048_576);

function refusalOf(...args: unknown[]): UnserializableValueError {
  try {
    store(...args);
  } catch (error) {
    if (error instanceof UnserializableValueError) return error;
    throw error;
  }
  throw new Error('expected a refusal, got none');
}

describe('what cannot come back is refused at its exact place', () => {
  const circular: { self?: unknown; list: unknown[] } = { list: [] };
  circular.self = circular;
  const ring: unknown[] = [];
  ring.push({ ring });

  it.each<[string, unknown[], string, string]>([
    ['a function', [() => 1], 'args[0]', 'a function'],
    ['a class', [User], 'args[0]', 'a function'],
    ['a method of an object', ['a', { user: { save() {} } }], 'args[1].user.save', 'a function'],
    ['a toJSON method', [{ toJSON: () => 1 }], 'args[0].toJSON', 'a function'],
    ['a symbol', [[Symbol('s')]], 'args[0][0]', 'a symbol'],
    ['a symbol key', [{ a: { [Symbol('s')]: 1 } }], 'args[0].a', 'symbol keys'],
    ['a class instance', [{ user: new User() }], 'args[0].user', 'an instance of class User'],
    ['an Error', [new TypeError('x')], 'args[0]', 'an instance of class TypeError'],
    ['a Promise', [Promise.resolve(1)], 'args[0]', 'did you forget an await'],
    ['a WeakMap', [new WeakMap()], 'args[0]', 'class WeakMap'],
    ['a DataView', [new DataView(new ArrayBuffer(1))], 'args[0]', 'class DataView'],
    ['an ArrayBuffer', [new ArrayBuffer(1)], 'args[0]', 'class ArrayBuffer'],
    ['a boxed string', [Object('a')], 'args[0]', 'class String'],
    ['an object with a prototype of its own', [Object.create({ a: 1 })], 'args[0]', ''],
    ['an invalid Date', [{ at: new Date(Number.NaN) }], 'args[0].at', 'an invalid Date'],
    ['a circular object', [circular], 'args[0].self', 'a circular reference'],
    ['a circular list', [ring], 'args[0][0].ring', 'a circular reference'],
    ['NUL in a string', [{ a: ['x\0y'] }], 'args[0].a[0]', 'NUL'],
    ['NUL in a key', [{ 'a\0': 1 }], 'args[0]', 'a key with a NUL'],
    ['a lone surrogate', ['ok', 'a\uD800'], 'args[1]', 'surrogate'],
    ['a lone surrogate in a key', [{ '\uDC00': 1 }], 'args[0]', 'surrogate'],
    ['NUL in a RegExp', [new RegExp(String.fromCodePoint(0))], 'args[0]', 'NUL'],
    ['a function as a Map’s key', [new Map([[() => 1, 1]])], 'args[0].keys[0]', 'a function'],
    [
      'a function as a Map’s value',
      [
        new Map([
          ['a', 1 as unknown],
          ['b', () => 1],
        ]),
      ],
      'args[0].values[1]',
      'a function',
    ],
    ['a class instance in a Set', [new Set([1, new User()])], 'args[0].values[1]', 'class User'],
    ['NUL as a Map’s key', [new Map([['\0', 1]])], 'args[0].keys[0]', 'NUL'],
    ['a circular Map', [circularMap()], 'args[0].values[0]', 'a circular reference'],
    [
      'a __proto__ key',
      [JSON.parse('{"a":{"__proto__":{"b":1}}}')],
      'args[0].a["__proto__"]',
      'prototype',
    ],
  ])('%s', (_what, args, path, found) => {
    const refusal = refusalOf(...args);
    expect(refusal.path).toBe(path);
    expect(refusal.found).toContain(found);
    expect(refusal.message).toContain('job "EmailService.send" in queue "emails"');
  });

  it.each<[string, unknown]>([
    ['Set', new Tags()],
    ['Map', new Lookup()],
    ['Date', new Moment(0)],
    ['Uint8Array', new Bytes(1)],
    ['Array', List.from([1])],
  ])(
    'an instance of a class that extends %s, which would come back as its base',
    (_base, value) => {
      expect(refusalOf(value).path).toBe('args[0]');
    },
  );

  it('values nested deeper than any store can take, without a stack overflow', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 6_000; i++) deep = i % 2 === 0 ? { deep } : [deep];
    expect(refusalOf(deep).found).toContain('nested deeper');
  });

  it('a message that says what to do', () => {
    expect(refusalOf(new User()).message).toMatch(
      /expected a plain value.*got an instance of class User.*Pass an id/,
    );
  });
});

describe('keys that could reach a prototype', () => {
  it.each(['constructor', 'prototype'])('"%s" comes back in plain JSON', (key) => {
    const args = [{ [key]: { polluted: 1 } }];
    const stored = JSON.parse(JSON.stringify(store(...args))) as never;
    expect(deserializeArguments(stored)).toEqual(args);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it.each(['constructor', 'prototype'])('"%s" is refused beside richer types', (key) => {
    const refusal = refusalOf({ [key]: 1, at: new Date(0) });
    expect(refusal.found).toContain(key);
  });
});

function circularMap(): Map<string, unknown> {
  const map = new Map<string, unknown>();
  return map.set('self', map);
}
