import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { withoutSecrets } from './driver-error.js';

const URL = 'redis://u:s3cret@h';

it.each<[string, () => Error]>([
  ['its message', () => new Error(`role "${URL}" does not exist`)],
  ['a field', () => Object.assign(new Error('Invalid URL'), { input: URL })],
  ['its cause', () => new Error('no', { cause: new Error(URL) })],
  [
    'the error of the last node',
    () => Object.assign(new Error('no'), { lastNodeError: Error(URL) }),
  ],
  ['one of several', () => new AggregateError([new Error('no'), new Error(URL)], 'all')],
])('an address in %s loses its password', (_where, make) => {
  const error = make();
  const { message, stack } = error;
  expect(inspect(error, { showHidden: true })).toContain('s3cret');
  expect(withoutSecrets(error)).toBe(error);
  expect(inspect(error, { showHidden: true })).not.toContain('s3cret');
  // Where it was thrown is still there.
  expect(error.stack).toBe(stack?.replaceAll(message, () => error.message));
});

it('an error that is its own cause is read once', () => {
  const error = new Error(URL);
  error.cause = error;
  expect(withoutSecrets(error).message).toBe('redis://***@h');
});

it('what is no error stays as it is', () => {
  expect(withoutSecrets('no')).toBe('no');
});
