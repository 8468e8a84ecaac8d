import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { InvalidArgumentsError } from '../errors/index.js';
import type { StandardSchema } from '../options/index.js';
import { validateArguments } from './schema-validation.js';

const location = { name: 'EmailService.send' };

describe('a schema', () => {
  it('fills in defaults and converts', async () => {
    const schema = z.object({ to: z.string(), copies: z.coerce.number().default(1) });
    expect(await validateArguments([{ to: 'a' }, 'rest'], [schema], location)).toEqual([
      { to: 'a', copies: 1 },
      'rest',
    ]);
  });

  it('checks the argument of its own position only', async () => {
    const schemas = [undefined, z.number()];
    expect(await validateArguments(['any', 5], schemas, location)).toEqual(['any', 5]);
    await expect(validateArguments(['any', 'five'], schemas, location)).rejects.toThrow(
      /args\[1\]/,
    );
  });

  it('sees a missing argument as undefined', async () => {
    expect(await validateArguments([], [z.string().default('x')], location)).toEqual(['x']);
    await expect(validateArguments([], [z.string()], location)).rejects.toThrow(
      InvalidArgumentsError,
    );
  });

  it('reports every issue of every argument, with its path', async () => {
    const schemas = [z.object({ user: z.object({ age: z.number() }) }), z.string()];
    const failure = validateArguments([{ user: { age: 'x' } }, 5], schemas, location);
    await expect(failure).rejects.toMatchObject({
      issues: [
        expect.stringMatching(/^args\[0\]\.user\.age: /),
        expect.stringMatching(/^args\[1\]: /),
      ],
      message: expect.stringContaining('job "EmailService.send"') as string,
    });
  });

  it('may be asynchronous and of any library', async () => {
    const schema: StandardSchema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: async (value) =>
          value === 1
            ? { value: 'one' }
            : { issues: [{ message: 'not one', path: [{ key: 'k' }] }] },
      },
    };
    expect(await validateArguments([1], [schema], location)).toEqual(['one']);
    await expect(validateArguments([2], [schema], location)).rejects.toMatchObject({
      issues: ['args[0].k: not one'],
    });
  });

  it('leaves the given arguments untouched', async () => {
    const args = Object.freeze(['5']);
    await validateArguments(args, [z.coerce.number()], location);
    expect(args).toEqual(['5']);
  });
});
