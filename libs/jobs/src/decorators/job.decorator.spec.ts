import { describe, expect, it } from 'vitest';
import {
  classOptionsOf,
  decoratedNames,
  decorationsOf,
  Job,
  Jobs,
  misplacedJobs,
  queuesDeclaredByDecorators,
  Recurring,
} from './index.js';

describe('@Job()', () => {
  it('leaves the method an ordinary one', () => {
    class Service {
      @Job()
      double(n: number): number {
        return 2 * n;
      }
    }
    expect(new Service().double(4)).toBe(8);
  });

  it('keeps its options with the method', () => {
    const options = { attempts: 3 };
    class Service {
      @Job(options)
      a(): void {}

      @Job()
      b(): void {}

      c(): void {}
    }
    expect(decorationsOf(Service.prototype, 'a')?.job).toEqual(options);
    expect(decorationsOf(Service.prototype, 'b')?.job).toEqual({});
    expect(decorationsOf(Service.prototype, 'c')).toBeUndefined();
    expect(decoratedNames(Service.prototype)).toEqual(['a', 'b']);
  });

  it('is inherited, by a method that overrides too, unless that is decorated itself', () => {
    class Base {
      @Job({ attempts: 2 })
      kept(): void {}

      @Job({ attempts: 3 })
      overridden(): void {}

      @Job()
      @Recurring('0 * * * *')
      decorated(): void {}
    }
    class Derived extends Base {
      override overridden(): void {}

      @Job({ attempts: 4 })
      override decorated(): void {}
    }
    const { prototype } = Derived;
    expect(decorationsOf(prototype, 'kept')?.job).toEqual({ attempts: 2 });
    expect(decorationsOf(prototype, 'overridden')?.job).toEqual({ attempts: 3 });
    expect(decorationsOf(prototype, 'decorated')).toMatchObject({
      job: { attempts: 4 },
      recurrences: [],
    });
    expect(decorationsOf(Base.prototype, 'decorated')?.recurrences).toHaveLength(1);
  });

  it('stays with a method that is copied to another class, as mixins are', () => {
    class Base {
      @Job({ attempts: 2 })
      run(): void {}
    }
    class Mixed {}
    Object.defineProperty(Mixed.prototype, 'run', { value: Base.prototype.run });
    expect(decorationsOf(Mixed.prototype, 'run')?.job).toEqual({ attempts: 2 });
  });
});

describe('@Jobs()', () => {
  @Jobs({ queue: 'base-queue' })
  class Base {}
  class Derived extends Base {}
  @Jobs({ attempts: 3 })
  class Overriding extends Base {}

  it('keeps defaults with the class, for its subclasses too', () => {
    expect(classOptionsOf(Base)).toEqual({ queue: 'base-queue' });
    expect(classOptionsOf(Derived)).toEqual({ queue: 'base-queue' });
    expect(classOptionsOf(Overriding)).toEqual({ attempts: 3 });
    expect(classOptionsOf(Object)).toBeUndefined();
  });
});

describe('queues that decorators name', () => {
  it('are known as soon as the file is loaded', () => {
    @Jobs({ queue: 'from-class' })
    class Service {
      @Job({ queue: 'from-method' })
      a(): void {}
    }
    expect(Service).toBeDefined();
    expect(queuesDeclaredByDecorators()).toEqual(
      expect.arrayContaining(['from-class', 'from-method']),
    );
  });

  it('are queues that can exist: BullMQ would throw on others, before the report at boot', () => {
    class Service {
      @Job({ queue: 'a:b' })
      a(): void {}

      @Job({ queue: '' })
      b(): void {}
    }
    expect(Service).toBeDefined();
    expect(queuesDeclaredByDecorators()).not.toContain('a:b');
    expect(queuesDeclaredByDecorators()).not.toContain('');
  });
});

/** A decorator that throws would stop the import of the file, and show one fault at a time. */
describe('a wrong use does not throw, but is noted for the report at boot:', () => {
  const symbol = Symbol('sym');
  const anyJob = Job as (options?: unknown) => (...args: unknown[]) => void;

  it.each<[string, () => unknown, string]>([
    [
      'a static method',
      () => {
        class Static {
          @Job()
          static send(): void {}
        }
        return Static;
      },
      'Static.send: expected an instance method, got a static one',
    ],
    [
      'a getter',
      () => {
        class Getter {
          @Job()
          get send(): number {
            return 1;
          }
        }
        return Getter;
      },
      'Getter.send: expected a method, got a getter or setter',
    ],
    [
      'a setter',
      () => {
        class Setter {
          @Job()
          set send(_: number) {
            /* empty */
          }
        }
        return Setter;
      },
      'Setter.send: expected a method, got a getter or setter',
    ],
    [
      'a symbol',
      () => {
        class WithSymbol {
          @Job()
          [symbol](): void {}
        }
        return WithSymbol;
      },
      'WithSymbol.Symbol(sym): expected a method with a name, got one with a symbol',
    ],
    [
      'a property',
      () => {
        class Property {
          @anyJob()
          send = () => 1;
        }
        return Property;
      },
      'Property.send: expected a method, got a property',
    ],
  ])('%s', (_what, define, expected) => {
    const type = define();
    const noted = misplacedJobs.filter(({ target }) => target === type);
    expect(noted.map(({ where, reason }) => `${where}: ${reason}`)).toEqual([expected]);
  });

  it.each([null, 5, 'emails'])('options that are %j', (options) => {
    const define = () => {
      class Service {
        @anyJob(options)
        send(): void {}
      }
      return Service;
    };
    expect(define).not.toThrow();
  });

  it.each([null, undefined, 5])('class options that are %j', (options) => {
    const define = () => {
      @Jobs(options as never)
      class Service {}
      return Service;
    };
    expect(define).not.toThrow();
  });
});
