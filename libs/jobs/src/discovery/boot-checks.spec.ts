import 'reflect-metadata';
import { Injectable, mixin, Module, type Provider, type Type } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { Job, Jobs, Recurring } from '../decorators/index.js';
import { JobsConfigurationError } from '../errors/index.js';
import { JobLogger } from '../logging/index.js';
import { JOBS_OPTIONS, resolveOptions, type JobsModuleOptions } from '../options/index.js';
import { HandlerExplorer, HandlerRegistry } from './index.js';

/** All faults that a boot with these providers reports. */
async function problemsOf(
  providers: Provider[],
  options: JobsModuleOptions = {},
): Promise<readonly string[]> {
  const app = await Test.createTestingModule({
    imports: [DiscoveryModule],
    providers: [
      HandlerExplorer,
      HandlerRegistry,
      {
        provide: JOBS_OPTIONS,
        useValue: resolveOptions({ connection: 'redis://localhost', ...options }),
      },
      { provide: JobLogger, useValue: { warn: () => undefined } },
      ...providers,
    ],
  }).compile();
  const registry = app.get(HandlerRegistry);
  try {
    void registry.all;
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(JobsConfigurationError);
    return (error as JobsConfigurationError).problems;
  } finally {
    await app.close();
  }
}

@Injectable()
class Good {
  @Job({ queue: 'emails' })
  send(): void {}
}

describe('the checks at boot', () => {
  it('find nothing wrong with good handlers', async () => {
    expect(await problemsOf([Good])).toEqual([]);
  });

  it('report every wrong option and misplaced decorator in one error', async () => {
    const symbol = Symbol('s');
    @Injectable()
    @Jobs({ attempts: 0, colour: 'red' } as never)
    class Bad {
      @Job({ queue: 'a b', attemps: 3 } as never)
      wrongOptions(): void {}

      @Job({ timeout: 0 })
      wrongTimeout(): void {}

      @Job()
      static onClass(): void {}

      @Job()
      get getter(): number {
        return 1;
      }

      @Job()
      [symbol](): void {}
    }
    const problems = await problemsOf([Bad, Good]);
    const expected = [
      '@Job() on Bad.wrongOptions: "queue" expected a queue name',
      '@Job() on Bad.wrongOptions: unknown option "attemps"; did you mean "attempts"?',
      '@Job() on Bad.wrongTimeout: "timeout" expected a duration above zero',
      '@Jobs() on Bad: "attempts" expected',
      '@Jobs() on Bad: unknown option "colour"',
      '@Job() on Bad.onClass: expected an instance method, got a static one',
      '@Job() on Bad.getter: expected a method, got a getter or setter',
      '@Job() on Bad.Symbol(s): expected a method with a name, got one with a symbol',
    ];
    expect(problems).toHaveLength(expected.length);
    for (const text of expected) expect(problems).toContainEqual(expect.stringContaining(text));
  });

  it('report names in the same error as wrong options', async () => {
    @Injectable()
    class Other {
      @Job({ name: 'Good.send' })
      run(): void {}

      @Job({ attempts: 0 })
      bad(): void {}
    }
    const problems = await problemsOf([Good, Other]);
    expect(problems).toContainEqual(expect.stringContaining('"attempts" expected'));
    expect(problems).toContainEqual(expect.stringContaining('duplicate job name "Good.send"'));
  });

  it('report a misplaced decorator of a class without any handler, and of an ancestor', async () => {
    class Base {
      @Job()
      static onBase(): void {}
    }
    @Injectable()
    class Derived extends Base {}
    expect(await problemsOf([Derived])).toEqual([expect.stringContaining('Base.onBase')]);
  });

  it('report what was decorated and is no method any more', async () => {
    const Bound: MethodDecorator = (_target, _key, { value, ...descriptor }) => ({
      configurable: true,
      enumerable: descriptor.enumerable ?? false,
      get: () => value!,
    });
    class Base {
      @Recurring('0 * * * *')
      overridden(): void {}

      @Job()
      untouched(): void {}
    }
    @Injectable()
    class Derived extends Base {
      @Bound
      @Job()
      bound(): void {}

      @Job()
      deleted(): void {}
    }
    Object.defineProperty(Derived.prototype, 'overridden', { value: 'text' });
    delete (Derived.prototype as { deleted?: unknown }).deleted;
    expect(await problemsOf([Derived])).toEqual([
      expect.stringMatching(/^@Job\(\) on Derived.bound: expected a method .* got a getter or/),
      expect.stringMatching(/^@Job\(\) on Derived.deleted: expected a method .* got nothing/),
      expect.stringMatching(/^@Recurring\(\) on Derived.overridden: .* got "text"; another/),
    ]);
    expect(await problemsOf([Good])).toEqual([]);
  });

  it('report generators: nothing would loop over them', async () => {
    @Injectable()
    class Feed {
      @Job()
      async *pages(): AsyncGenerator<number> {
        yield 1;
      }

      @Recurring('0 * * * *')
      *hourly(): Generator<number> {
        yield 1;
      }
    }
    expect(await problemsOf([Feed])).toEqual([
      expect.stringMatching(/^@Job\(\) on Feed.pages: .* got a generator/),
      expect.stringMatching(/^@Recurring\(\) on Feed.hourly: .* got a generator/),
    ]);
  });

  it('report handlers whose class has a name of its own in each process, and those without one', async () => {
    const mailerOf = (options: object): Type => {
      @Injectable()
      class Mailer {
        @Job(options)
        send(): void {}
      }
      return Mailer;
    };
    const made = mixin(mailerOf({}));
    const nameless = mailerOf({});
    Object.defineProperty(nameless, 'name', { value: '' });
    expect(await problemsOf([made, nameless])).toEqual([
      expect.stringMatching(
        /"send" has a name that mixin\(\) made: "[0-9a-f]{21}".*@Job\(\{ name \}\)/,
      ),
      expect.stringMatching(/"send" has no name/),
    ]);
    expect(await problemsOf([mixin(mailerOf({ name: 'mail.send' }))])).toEqual([]);
  });

  it('report handlers whose class has another name in each process, or none', async () => {
    const mailerOf = (options: object): Type => {
      @Injectable()
      class Mailer {
        @Job(options)
        send(): void {}
      }
      return Mailer;
    };
    const made = mixin(mailerOf({}));
    const nameless = mailerOf({});
    Object.defineProperty(nameless, 'name', { value: '' });
    expect(await problemsOf([made, nameless])).toEqual([
      expect.stringMatching(
        /"send" has a name that mixin\(\) made: "[0-9a-f]{21}".*@Job\(\{ name \}\)/,
      ),
      expect.stringMatching(/"send" has no name/),
    ]);
    expect(await problemsOf([mixin(mailerOf({ name: 'mail.send' }))])).toEqual([]);
  });

  it('leave classes alone that are not provided here', async () => {
    class Unused {
      @Job()
      static wrong(): void {}
    }
    expect(Unused).toBeDefined();
    expect(await problemsOf([Good])).toEqual([]);
  });

  it('report a fault of a base class once, however many inherit it', async () => {
    class Base {
      @Job({ attempts: 0 })
      run(): void {}
    }
    @Injectable()
    class First extends Base {}
    expect(await problemsOf([First, { provide: 'again', useClass: First }])).toHaveLength(1);
  });

  it.each([5, 'emails', null])('report options that are %j', async (options) => {
    const define = () => {
      @Injectable()
      class Service {
        @Job(options as never)
        run(): void {}
      }
      return Service;
    };
    expect(await problemsOf([define()])).toEqual([
      expect.stringContaining('@Job() on Service.run: expected an options object'),
    ]);
  });
});

describe('names', () => {
  @Injectable()
  class A {
    @Job({ name: 'mail.send', aliases: ['mail.old'] })
    run(): void {}
  }

  it.each([
    ['a name', { name: 'mail.send' }, 'mail.send'],
    ['a name and an alias', { name: 'mail.old' }, 'mail.old'],
    ['an alias and a name', { aliases: ['mail.send'] }, 'mail.send'],
    ['an alias', { name: 'b', aliases: ['mail.old'] }, 'mail.old'],
  ])('may not be shared by two handlers: %s', async (_what, options, name) => {
    @Injectable()
    class B {
      @Job(options)
      run(): void {}
    }
    expect(await problemsOf([A, B])).toEqual([
      expect.stringMatching(
        new RegExp(`duplicate job name "${name}": A\\.run and B\\.run; give one`),
      ),
    ]);
  });

  it('may not be shared by two methods of one class', async () => {
    @Injectable()
    class Twice {
      @Job({ name: 'x' })
      a(): void {}

      @Job({ name: 'x' })
      b(): void {}
    }
    expect(await problemsOf([Twice])).toEqual([expect.stringContaining('Twice.a and Twice.b')]);
  });

  it('may not be shared by two classes that are called the same', async () => {
    const define = () => {
      @Injectable()
      class EmailService {
        @Job()
        send(): void {}
      }
      return EmailService;
    };
    expect(await problemsOf([define(), define()])).toEqual([
      expect.stringContaining('duplicate job name "EmailService.send"'),
    ]);
  });

  it('may not be shared by subclasses that inherit an explicit name', async () => {
    class Base {
      @Job({ name: 'base.run' })
      run(): void {}
    }
    @Injectable()
    class First extends Base {}
    @Injectable()
    class Second extends Base {}
    expect(await problemsOf([First, Second])).toEqual([
      expect.stringContaining('First.run and Second.run'),
    ]);
  });

  it('may be repeated by one handler among its own aliases', async () => {
    @Injectable()
    class Self {
      @Job({ name: 'self', aliases: ['self', 'old', 'old'] })
      run(): void {}
    }
    expect(await problemsOf([Self])).toEqual([]);
  });

  it('are reported all at once', async () => {
    @Injectable()
    class B {
      @Job({ name: 'mail.send' })
      one(): void {}

      @Job({ name: 'mail.old' })
      two(): void {}
    }
    expect(await problemsOf([A, B])).toHaveLength(2);
  });

  it('are no fault of a class that two modules provide', async () => {
    @Module({ providers: [A], exports: [A] })
    class Feature {}
    expect(Feature).toBeDefined();
    expect(await problemsOf([A, { provide: 'again', useClass: A }])).toEqual([]);
  });
});

describe('the list of workers', () => {
  it('is reported when no handler uses a queue of it, with the queue that was meant', async () => {
    expect(await problemsOf([Good], { workers: ['email'] })).toEqual([
      'JobsModule.forRoot() workers: no handler uses the queue "email"; did you mean "emails"?',
    ]);
    expect(await problemsOf([Good], { workers: ['reports'] })).toEqual([
      'JobsModule.forRoot() workers: no handler uses the queue "reports"',
    ]);
  });

  it.each<[string, JobsModuleOptions]>([
    ['names queues of handlers', { workers: ['emails'] }],
    ['names queues of forRoot()', { workers: ['later'], queues: { later: {} } }],
    ['is empty', { workers: [] }],
    ['is true', { workers: true }],
    ['is false', { workers: false }],
  ])('is fine when it %s', async (_what, options) => {
    expect(await problemsOf([Good], options)).toEqual([]);
  });
});
