import { describe, expect, it } from 'vitest';
import type { HandlerRegistry } from './handler.registry.js';
import { resolveOptions, resolveRetention, type Retention } from '../options/index.js';
import { QueueRetention } from './queue-retention.js';

const options = resolveOptions({
  connection: 'redis://localhost',
  defaults: { removeOnComplete: { age: '2h', count: 20 }, removeOnFail: { age: '3h' } },
});

const handler = (queue: string, complete: Retention, fail: Retention) => ({
  queue,
  removeOnComplete: resolveRetention(complete),
  removeOnFail: resolveRetention(fail),
});

function retentionOf(queue: string, ...handlers: ReturnType<typeof handler>[]) {
  const registry = { all: handlers } as unknown as HandlerRegistry;
  return new QueueRetention(registry, options).of(queue);
}

describe('the retention of a queue', () => {
  it('is the longest that its handlers ask for, in seconds', () => {
    expect(
      retentionOf(
        'q',
        handler('q', { age: '1h', count: 10 }, { age: '1 day', count: 5 }),
        handler('q', { age: '2h', count: 5 }, { age: '1h', count: 50 }),
        handler('other', { age: '9h', count: 99 }, false),
      ),
    ).toEqual({
      removeOnComplete: { age: 7_200, count: 10 },
      removeOnFail: { age: 86_400, count: 50 },
    });
  });

  it('is for ever when one handler asks for that', () => {
    expect(retentionOf('q', handler('q', false, false), handler('q', true, { count: 5 }))).toEqual({
      removeOnComplete: false,
      removeOnFail: false,
    });
  });

  it('has no limit of age, or of number, where one handler has none', () => {
    expect(
      retentionOf(
        'q',
        handler('q', { age: '1h', count: 9 }, { count: 5 }),
        handler('q', { count: 5 }, { count: 7 }),
      ),
    ).toEqual({
      removeOnComplete: { count: 9 },
      removeOnFail: { count: 7 },
    });
  });

  it('is not for ever because one handler limits the age and another the number', () => {
    expect(
      retentionOf('q', handler('q', { age: '3h' }, true), handler('q', { count: 30 }, true)),
    ).toMatchObject({ removeOnComplete: { age: 10_800, count: 30 } });
  });

  it('keeps for a minute what is to be removed at once', () => {
    expect(retentionOf('q', handler('q', true, true))).toEqual({
      removeOnComplete: { age: 60 },
      removeOnFail: { age: 60 },
    });
  });

  it('is that of forRoot() where no handler uses the queue', () => {
    expect(retentionOf('q', handler('other', true, true))).toEqual({
      removeOnComplete: { age: 7_200, count: 20 },
      removeOnFail: { age: 10_800 },
    });
  });
});
