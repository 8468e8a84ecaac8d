import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { validateClassOptions, validateJobOptions } from './validate-job-options.js';

const everyOption = {
  queue: 'emails',
  attempts: 3,
  backoff: () => false as const,
  retryIf: () => true,
  timeout: '1 min',
  priority: 1,
  removeOnComplete: true,
  removeOnFail: { age: '1 day' },
};

describe('the options of @Job()', () => {
  it('are fine when right', () => {
    const own = { name: 'mail.send', aliases: ['mail.old'], schema: z.string() };
    expect(validateJobOptions({ ...everyOption, ...own }, 'here')).toEqual([]);
  });

  it.each([
    ['queue', 'a b'],
    ['name', 'a b'],
    ['aliases', 'a'],
    ['attempts', 0],
    ['backoff', { type: 'linear' }],
    ['retryIf', true],
    ['timeout', 0],
    ['priority', 0],
    ['removeOnComplete', 'never'],
    ['removeOnFail', { days: 1 }],
    ['schema', {}],
  ])('refuse a wrong %s', (key, value) => {
    expect(validateJobOptions({ [key]: value }, 'Mail.send')).toEqual([
      expect.stringContaining(`Mail.send: "${key}" expected`),
    ]);
  });
});

describe('the options of @Jobs()', () => {
  it('are fine when right', () => {
    expect(validateClassOptions(everyOption, 'here')).toEqual([]);
  });

  it.each(['name', 'aliases', 'schema'])('have no %s, which is one method’s own', (key) => {
    expect(validateClassOptions({ [key]: 'a' }, 'here')).toEqual([
      expect.stringContaining(`unknown option "${key}"`),
    ]);
  });
});
