import { describe, expect, it } from 'vitest';
import { Continuation, decorationsOf, Job } from '../decorators/index.js';
import { resolveOptions } from '../options/index.js';
import { createHandler, type FoundHandler } from './handler.factory.js';
import { jobOptionsOfContinuations, readContinuations } from './continuations.js';

abstract class Orders {
  @Job()
  process(): string {
    return 'x';
  }
}

/** Reads the methods of classes as the registry does. */
function read(...classes: (new () => object)[]) {
  const found = [Orders as never, ...classes].flatMap((type: new () => object) =>
    Object.getOwnPropertyNames(type.prototype)
      .filter((name) => name !== 'constructor')
      .map((methodName): FoundHandler => {
        const method = (type.prototype as Record<string, object>)[methodName]!;
        const { continuations = [] } = decorationsOf(type.prototype as object, methodName) ?? {};
        const options = jobOptionsOfContinuations(continuations);
        const rest = { ownOptions: {}, recurrences: [], classOptions: {}, wrapper: {} as never };
        return { type, owner: type, methodName, method, options, continuations, ...rest };
      }),
  );
  const handlers = found.map((one) => ({
    found: one,
    handler: createHandler(one, resolveOptions({})),
  }));
  return readContinuations(
    handlers,
    (type, name) =>
      handlers.find(({ found: f }) => f.type === type && f.methodName === name)?.handler,
  );
}

const loose = Continuation as (options: unknown) => MethodDecorator;

describe('declared continuations', () => {
  it('name the handler that they follow, the moment and their options', () => {
    class Mails {
      @Continuation({ after: [Orders, 'process'], queue: 'mail' })
      notify(): void {}

      @Continuation({ after: () => [Mails, 'notify'], on: 'finished' })
      archive(): void {}
    }
    const { continuations, problems } = read(Mails);
    expect(problems).toEqual([]);
    expect(
      continuations.map(({ handler, antecedent, on }) => [
        handler.name,
        handler.queue,
        antecedent.name,
        on,
      ]),
    ).toEqual([
      ['Mails.notify', 'mail', 'Orders.process', 'completed'],
      ['Mails.archive', 'default', 'Mails.notify', 'finished'],
    ]);
  });

  it('are unique by a key that needs no argument', () => {
    class Mails {
      @Continuation({ after: [Orders, 'process'], unique: {} })
      notify(): void {}
    }
    expect(read(Mails).problems).toEqual([]);
  });

  it.each<[string, unknown, RegExp]>([
    ['no options', null, /expected an options object/],
    ['no antecedent', {}, /"after" expected a class and the name of its method/],
    ['a class that is undefined', { after: [undefined, 'x'] }, /"after" expected/],
    ['a function that returns none', { after: () => undefined }, /"after" expected.*got undefined/],
    ['a method that is no handler', { after: [Orders, 'nope'] }, /got Orders.nope, which is none/],
    ['another moment', { after: [Orders, 'process'], on: 'done' }, /"on" expected 'completed'/],
    [
      'a unique key that is made of what is not known yet',
      { after: [Orders, 'process'], unique: { key: (order: string) => order } },
      /"unique.key" expected no function/,
    ],
    ['a misspelt option', { after: [Orders, 'process'], quue: 'x' }, /did you mean "queue"/],
  ])('with %s are a fault', (_what, options, message) => {
    class Mails {
      @loose(options)
      notify(): void {}
    }
    const { problems } = read(Mails);
    expect(problems.join('\n')).toMatch(message);
    expect(problems[0]).toMatch(/^@Continuation\(\) on Mails.notify: /);
  });

  it('that differ in options of the one method are a fault', () => {
    class Mails {
      @Continuation({ after: [Orders, 'process'], queue: 'a' })
      @Continuation({ after: [Orders, 'process'], on: 'failed', queue: 'b' })
      notify(): void {}
    }
    expect(read(Mails).problems).toEqual([expect.stringContaining('its uses differ in "queue"')]);
  });

  it('in a circle are a fault', () => {
    class Circle {
      @loose({ after: () => [Circle, 'b'] })
      a(): void {}

      @loose({ after: () => [Circle, 'a'] })
      b(): void {}

      @loose({ after: () => [Circle, 'self'] })
      self(): void {}
    }
    expect(read(Circle).problems).toEqual([
      expect.stringContaining(
        'in a circle, which would never end: Circle.b -> Circle.a -> Circle.b',
      ),
      expect.stringContaining('Circle.self -> Circle.self'),
    ]);
  });
});
