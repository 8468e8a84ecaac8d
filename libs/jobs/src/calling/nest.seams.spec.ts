import { Module, type INestApplicationContext } from '@nestjs/common';
import { ExternalContextCreator, ModulesContainer, NestFactory } from '@nestjs/core';
import { GuardsConsumer, GuardsContextCreator } from '@nestjs/core/guards/index.js';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { LibraryChangedError } from '../errors/index.js';
import { assertNest, type NestShape } from './nest.seams.js';

@Module({})
class AppModule {}

let app: INestApplicationContext;
const shape = (): Omit<NestShape, 'Logger'> => ({
  modules: app.get(ModulesContainer),
  external: app.get(ExternalContextCreator),
});

/** What a changed Nest is refused with. */
async function refusal(changed: Partial<NestShape> = {}): Promise<readonly string[]> {
  const error: unknown = await assertNest({ ...shape(), ...changed }).catch(
    (refused: unknown) => refused,
  );
  expect(error).toBeInstanceOf(LibraryChangedError);
  return (error as LibraryChangedError).differences;
}

const CALLS = 'calls with guards, interceptors, pipes and filters';

describe('Nest', () => {
  beforeAll(async () => {
    app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(() => app.close());

  it('is as it is relied on', async () => {
    await expect(assertNest(shape())).resolves.toBeUndefined();
  });

  it('is refused when it keeps its container elsewhere', async () => {
    expect(await refusal({ external: {} as ExternalContextCreator })).toEqual([
      expect.stringContaining(`${CALLS}: expected that it can be tried out, got`),
    ]);
  });

  it('is refused when it does not take the configuration that is given', async () => {
    const { fromContainer } = ExternalContextCreator;
    vi.spyOn(ExternalContextCreator, 'fromContainer').mockImplementation((container) =>
      fromContainer.call(ExternalContextCreator, Object.getPrototypeOf(container) as never),
    );
    expect(await refusal()).toEqual([
      expect.stringMatching(new RegExp(`${CALLS}: the order expected .*, got (?!.*global inter)`)),
    ]);
  });

  it.each([
    ['guards are called', GuardsConsumer.prototype, 'tryActivate'],
    ['guards are found', GuardsContextCreator.prototype, 'create'],
    ['calls are made', ExternalContextCreator.prototype, 'create'],
  ] as const)('is refused when %s with other parameters', async (_what, prototype, name) => {
    const methods = prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
    const method = methods[name]!;
    vi.spyOn(methods, name).mockImplementation(function (this: unknown, first, ...rest) {
      return method.call(this, first, undefined, ...rest);
    });
    expect(await refusal()).toEqual(
      expect.arrayContaining([expect.stringContaining(`${CALLS}: `)]),
    );
  });

  it('is refused when hooks have another order', async () => {
    const modules = { values: () => [{ order: 1, providers: new Map() }] };
    expect(await refusal({ modules: modules as never })).toEqual([
      'the distance of a module: Module.distance expected "a number that can be set", got "none"',
      expect.stringContaining('members of a provider: missing expected []'),
      expect.stringContaining('members of a provider: isDependencyTreeStatic expected'),
    ]);
  });

  it('is refused when levels are kept elsewhere', async () => {
    expect(await refusal({ Logger: class {} })).toEqual([
      "the logger's levels: Logger.logLevels expected true, got false",
    ]);
  });
});
