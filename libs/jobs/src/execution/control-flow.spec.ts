import {
  DelayedError,
  RateLimitError,
  UnrecoverableError,
  WaitingChildrenError,
  WaitingError,
} from 'bullmq';
import { describe, expect, it } from 'vitest';
import { asFailure } from './control-flow.js';

/** BullMQ takes these for its own control flow, and would leave the job active for ever. */
describe('an error that looks like BullMQ’s control flow fails the job like any other:', () => {
  it.each<[string, Error]>([
    ['DelayedError', new DelayedError('mine')],
    ['WaitingError', new WaitingError('mine')],
    ['WaitingChildrenError', new WaitingChildrenError('mine')],
    ['an error named DelayedError', Object.assign(new Error('mine'), { name: 'DelayedError' })],
    ['an error named WaitingError', Object.assign(new Error('mine'), { name: 'WaitingError' })],
    [
      'an error named WaitingChildrenError',
      Object.assign(new Error('mine'), { name: 'WaitingChildrenError' }),
    ],
    ['RateLimitError', new RateLimitError()],
    ['its message of a rate limit', new Error('bullmq:rateLimitExceeded')],
  ])('%s', (_what, thrown) => {
    const error = asFailure(thrown);
    expect(['DelayedError', 'WaitingError', 'WaitingChildrenError']).not.toContain(error.name);
    for (const type of [DelayedError, WaitingError, WaitingChildrenError, RateLimitError]) {
      expect(error).not.toBeInstanceOf(type);
    }
    expect(error.message).not.toBe('bullmq:rateLimitExceeded');
    expect(error.cause).toBe(thrown);
    expect(error.message).toContain(thrown.message);
  });
});

describe('any other error', () => {
  it.each([new Error('plain'), new UnrecoverableError('for good')])('stays itself: %s', (error) => {
    expect(asFailure(error)).toBe(error);
  });
});
