import 'reflect-metadata';
import {
  Controller,
  Inject,
  Injectable,
  Module,
  Scope,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule, LazyModuleLoader } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Job, Jobs, Recurring } from '../decorators/index.js';
import { InvalidInvocationError, JobsConfigurationError } from '../errors/index.js';
import { JobLogger } from '../logging/index.js';
import { JOBS_OPTIONS, resolveOptions, type JobsModuleOptions } from '../options/index.js';
import { HandlerExplorer, HandlerRegistry, type HandlerClass } from './index.js';

const warn = vi.fn<(message: string) => void>();
const logError = vi.fn<(message: string) => void>();
let app: TestingModule | undefined;

async function registryOf(
  metadata: ModuleMetadata,
  options: JobsModuleOptions = {},
): Promise<HandlerRegistry> {
  const own: Provider[] = [
    HandlerExplorer,
    HandlerRegistry,
    {
      provide: JOBS_OPTIONS,
      useValue: resolveOptions({ connection: 'redis://localhost', ...options }),
    },
    { provide: JobLogger, useValue: { warn, error: logError } },
  ];
  app = await Test.createTestingModule({
    ...metadata,
    imports: [DiscoveryModule, ...(metadata.imports ?? [])],
    providers: [...own, ...(metadata.providers ?? [])],
  }).compile();
  const registry = app.get(HandlerRegistry);
  registry.freeze();
  return registry;
}

const namesOf = async (...providers: Provider[]) => (await registryOf({ providers })).names;

afterEach(async () => {
  warn.mockReset();
  logError.mockReset();
  await app?.close();
});

@Injectable()
class EmailService {
  @Job({ queue: 'emails', attempts: 3 })
  send(): void {}

  @Job()
  remind(): void {}

  helper(): void {}
}

abstract class Mailer {
  abstract deliver(): string;
}

@Injectable()
class SmtpMailer extends Mailer {
  constructor(@Inject('unused') readonly via: string = 'smtp') {
    super();
  }

  @Job()
  deliver(): string {
    return this.via;
  }
}

const unused = { provide: 'unused', useValue: 'smtp' };

describe('handlers are found on', () => {
  it('providers', async () => {
    const registry = await registryOf({ providers: [EmailService] });
    expect(registry.names).toEqual(['EmailService.remind', 'EmailService.send']);
    expect(registry.queues.toSorted()).toEqual(['default', 'emails']);
    expect(registry.byName('EmailService.send')).toBe(registry.byMethod(EmailService, 'send'));
  });

  it('controllers', async () => {
    @Controller()
    class HookController {
      @Job()
      receive(): void {}
    }
    const registry = await registryOf({ controllers: [HookController] });
    expect(registry.names).toEqual(['HookController.receive']);
  });

  it.each([Scope.REQUEST, Scope.TRANSIENT])('providers of scope %d', async (scope) => {
    @Injectable({ scope })
    class Scoped {
      @Job()
      run(): void {}
    }
    const registry = await registryOf({ providers: [Scoped] });
    expect(registry.byMethod(Scoped, 'run').name).toBe('Scoped.run');
  });

  it('providers that depend on a request-scoped one', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Tenant {}
    @Injectable()
    class Reports {
      constructor(@Inject(Tenant) readonly tenant: Tenant) {}

      @Job()
      run(): void {}
    }
    const registry = await registryOf({ providers: [Tenant, Reports] });
    expect(registry.byMethod(Reports, 'run').wrapper!.isDependencyTreeStatic()).toBe(false);
  });

  it('providers of modules that are not global', async () => {
    @Module({ providers: [EmailService] })
    class Feature {}
    const registry = await registryOf({ imports: [Feature] });
    expect(registry.names).toContain('EmailService.send');
  });

  it('subclasses that inherit them, each under its own name', async () => {
    class Base {
      @Job()
      run(): void {}
    }
    @Injectable()
    class First extends Base {}
    @Injectable()
    class Second extends Base {}
    const registry = await registryOf({ providers: [First, Second] });
    expect(registry.names).toEqual(['First.run', 'Second.run']);
    expect(registry.byMethod(First, 'run').name).toBe('First.run');
    expect(registry.byMethod(Second, 'run').name).toBe('Second.run');
  });

  it('values and factories', async () => {
    const value = { provide: 'VALUE', useValue: new EmailService() };
    expect(await namesOf(value)).toContain('EmailService.send');
    const factory = { provide: 'FACTORY', useFactory: async () => new EmailService() };
    expect(await namesOf(factory)).toContain('EmailService.send');
  });

  it('nothing else', async () => {
    class Other {
      run(): void {}
    }
    const odd = [
      { provide: 'null', useValue: null },
      { provide: 'number', useValue: 5 },
      { provide: 'class', useValue: Other },
      { provide: 'plain', useValue: { run: () => 1 } },
      { provide: 'bare', useValue: Object.create(null) as object },
      { provide: 'arrow', useValue: { constructor: () => 1 } },
      { provide: 'undefined', useFactory: () => undefined },
    ];
    expect(await namesOf(Other, ...odd)).toEqual([]);
  });
});

describe('a class that stands for another:', () => {
  it('an abstract class names the job, and either class finds it', async () => {
    const registry = await registryOf({
      providers: [unused, { provide: Mailer, useClass: SmtpMailer }],
    });
    expect(registry.names).toEqual(['Mailer.deliver']);
    expect(registry.byMethod(Mailer, 'deliver').type).toBe(SmtpMailer);
    expect(registry.byMethod(SmtpMailer, 'deliver').name).toBe('Mailer.deliver');
  });

  it('an abstract class may be made by a factory or a value', async () => {
    const factory = await registryOf({
      providers: [{ provide: Mailer, useFactory: () => new SmtpMailer() }],
    });
    expect(factory.byMethod(Mailer, 'deliver').name).toBe('Mailer.deliver');
    const value = await registryOf({
      providers: [{ provide: Mailer, useValue: new SmtpMailer() }],
    });
    expect(value.byMethod(Mailer, 'deliver').name).toBe('Mailer.deliver');
  });

  it('an alias (useExisting) shares the handlers of what it points to', async () => {
    const providers = [unused, SmtpMailer, { provide: Mailer, useExisting: SmtpMailer }];
    const registry = await registryOf({ providers });
    expect(registry.names).toEqual(['SmtpMailer.deliver']);
    expect(registry.byMethod(Mailer, 'deliver')).toBe(registry.byMethod(SmtpMailer, 'deliver'));
    expect(warn).not.toHaveBeenCalled();
  });

  it('an alias of a request-scoped provider, too', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Scoped extends Mailer {
      @Job()
      deliver(): string {
        return 'scoped';
      }
    }
    const registry = await registryOf({
      providers: [Scoped, { provide: Mailer, useExisting: Scoped }],
    });
    expect(registry.byMethod(Mailer, 'deliver').type).toBe(Scoped);
  });

  it('an alias of an alias', async () => {
    abstract class Sender extends Mailer {}
    const providers = [
      unused,
      SmtpMailer,
      { provide: Mailer, useExisting: SmtpMailer },
      { provide: Sender, useExisting: Mailer },
    ];
    const registry = await registryOf({ providers });
    expect(registry.byMethod(Sender, 'deliver').name).toBe('SmtpMailer.deliver');
  });

  it('two instances of one class are told apart by what they are provided as', async () => {
    abstract class SmsMailer extends Mailer {}
    abstract class PushMailer extends Mailer {}
    const registry = await registryOf({
      providers: [
        { provide: SmsMailer, useFactory: () => new SmtpMailer('sms') },
        { provide: PushMailer, useFactory: () => new SmtpMailer('push') },
      ],
    });
    const via = (type: HandlerClass) =>
      (registry.byMethod(type, 'deliver').wrapper!.instance as SmtpMailer).via;
    expect([via(SmsMailer), via(PushMailer)]).toEqual(['sms', 'push']);
    expect(registry.byMethod(SmsMailer, 'deliver').name).toBe('SmsMailer.deliver');
  });
});

describe('a class that is provided by two modules', () => {
  it('is one handler, with a warning', async () => {
    @Module({ providers: [EmailService] })
    class A {}
    @Module({ providers: [EmailService] })
    class B {}
    const registry = await registryOf({ imports: [A, B] });
    expect(registry.all).toHaveLength(2);
    expect(warn).toHaveBeenCalledWith(
      expect.stringMatching(/"EmailService\.send" is provided by several modules/),
    );
  });
});

describe('the options of a handler', () => {
  @Injectable()
  @Jobs({ queue: 'class-queue', attempts: 4, timeout: '1 min', removeOnFail: false })
  class Configured {
    @Job()
    inherits(): void {}

    @Job({
      attempts: 2,
      queue: 'own',
      timeout: undefined,
      name: 'own.name',
      aliases: ['old.name'],
      removeOnFail: true,
    })
    overrides(): void {}
  }
  @Injectable()
  class Bare {
    @Job()
    run(): void {}
  }

  it('are the method’s, then the class’s, then those of forRoot(), then the defaults', async () => {
    const registry = await registryOf(
      { providers: [Configured, Bare] },
      { defaults: { attempts: 7, timeout: '2 min', removeOnFail: { count: 3 } } },
    );
    expect(registry.byMethod(Configured, 'overrides')).toMatchObject({
      queue: 'own',
      attempts: 2,
      timeoutMs: 60_000,
      removeOnFail: { ageMs: 60_000 },
    });
    expect(registry.byMethod(Configured, 'inherits')).toMatchObject({
      queue: 'class-queue',
      attempts: 4,
      timeoutMs: 60_000,
      removeOnFail: { ageMs: undefined, count: undefined },
    });
    expect(registry.byMethod(Bare, 'run')).toMatchObject({
      queue: 'default',
      attempts: 7,
      timeoutMs: 120_000,
      removeOnFail: { count: 3 },
      removeOnComplete: { ageMs: 86_400_000, count: 10_000 },
    });
  });

  it('give the stored name and its aliases, all of which find the handler', async () => {
    const registry = await registryOf({ providers: [Configured] });
    const handler = registry.byMethod(Configured, 'overrides');
    expect(registry.byName('own.name')).toBe(handler);
    expect(registry.byName('old.name')).toBe(handler);
    expect(registry.byName('Configured.overrides')).toBeUndefined();
    expect(registry.names).toEqual(['Configured.inherits', 'old.name', 'own.name']);
  });
});

describe('a test double in the place of a class', () => {
  const double = (value: object) => ({ provide: EmailService, useValue: value });

  it.each<[string, Provider]>([
    ['a value', double({ send: () => 'double' })],
    [
      'a proxy',
      double(new Proxy({}, { get: (_, key) => (key === 'then' ? undefined : () => key) })),
    ],
    ['a factory', { provide: EmailService, useFactory: () => ({ send: () => 'double' }) }],
    [
      'a class',
      {
        provide: EmailService,
        useClass: class {
          send(): void {}
        },
      },
    ],
  ])('is the handler of the methods that it has: %s', async (_what, provider) => {
    const registry = await registryOf({ providers: [provider] });
    const handler = registry.byMethod(EmailService, 'send');
    expect(handler).toMatchObject({ name: 'EmailService.send', queue: 'emails', attempts: 3 });
    expect(handler.wrapper?.token).toBe(EmailService);
  });

  it('that a factory makes for each job has all its methods', async () => {
    const factory = { provide: EmailService, useFactory: () => new EmailService() };
    const registry = await registryOf({ providers: [{ ...factory, scope: Scope.REQUEST }] });
    expect(registry.names).toEqual(['EmailService.remind', 'EmailService.send']);
  });

  it('is named where it has no such method', async () => {
    for (const value of [{}, { remind: () => undefined }]) {
      const registry = await registryOf({ providers: [double(value)] });
      expect(() => registry.byMethod(EmailService, 'send')).toThrow(
        /what this application provides for EmailService \(a test double\?\) has no method "send"/,
      );
      await app?.close();
    }
    expect(await namesOf(double({}), { provide: SmtpMailer, useValue: null })).toEqual([]);
  });
});

describe('a module that is loaded late', () => {
  @Injectable()
  class LateService {
    @Job({ queue: 'emails' })
    run(): void {}
  }
  @Module({ providers: [LateService] })
  class Late {}
  @Injectable()
  class Elsewhere {
    @Job({ queue: 'elsewhere' })
    @Recurring('0 * * * *')
    run(): void {}
  }
  @Module({ providers: [Elsewhere] })
  class LateElsewhere {}

  it('has handlers that are found, with a word about what they cannot have any more', async () => {
    const registry = await registryOf({ providers: [EmailService] });
    const before = registry.byName('EmailService.send');
    expect(registry.byName('LateService.run')).toBeUndefined();
    await app!.get(LazyModuleLoader).load(() => Late);
    expect(registry.byName('LateService.run')).toBe(registry.byMethod(LateService, 'run'));
    expect(warn.mock.lastCall).toEqual([expect.stringMatching(/LateService.run\..*and run$/)]);
    expect(registry.byName('EmailService.send')).toBe(before);
    await app!.get(LazyModuleLoader).load(() => LateElsewhere);
    expect(registry.byMethod(Elsewhere, 'run').queue).toBe('elsewhere');
    expect(warn.mock.lastCall).toEqual([
      expect.stringMatching(
        /Elsewhere.run\..*, but this process runs no jobs of "elsewhere", and what they declare with @Recurring\(\) does not begin; import/,
      ),
    ]);
    expect(registry.recurrences).toEqual([]);
  });

  it('is refused as a whole when it has a fault, which is logged', async () => {
    @Injectable()
    class Faulty {
      @Job({ attempts: 0 })
      run(): void {}
    }
    @Module({ providers: [Faulty] })
    class LateFaulty {}
    const registry = await registryOf({ providers: [EmailService] });
    await app!.get(LazyModuleLoader).load(() => LateFaulty);
    expect(registry.byName('Faulty.run')).toBeUndefined();
    expect(logError).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining('"attempts" expected'),
    );
    expect(registry.byName('EmailService.send')).toBeDefined();
  });
});

describe('asking for a method that is no handler', () => {
  it('offers the one that was probably meant', async () => {
    const registry = await registryOf({ providers: [EmailService] });
    expect(() => registry.byMethod(EmailService, 'sned')).toThrow(InvalidInvocationError);
    expect(() => registry.byMethod(EmailService, 'sned')).toThrow(
      /did you mean EmailService\.send\?/,
    );
    expect(() => registry.byMethod(EmailService, 'helper')).toThrow(
      /helper: it is not decorated with @Job\(\)/,
    );
  });

  it('says what a class needs that is neither provided nor decorated', async () => {
    class Plain {
      run(): void {}
    }
    const registry = await registryOf({});
    expect(() => registry.byMethod(Plain, 'run')).toThrow(InvalidInvocationError);
    expect(() => registry.byMethod(Plain, 'run')).toThrow(
      /Decorate the method with @Job\(\), and add the class to the providers of a module/,
    );
  });
});

describe('a class that is decorated and not provided', () => {
  it('has handlers to enqueue, which this process neither runs nor tells others of', async () => {
    const registry = await registryOf({});
    registry.freeze();
    const handler = registry.byMethod(EmailService, 'send');
    expect(handler).toMatchObject({ name: 'EmailService.send', wrapper: undefined });
    expect(registry.byMethod(EmailService, 'send')).toBe(handler);
    expect(warn).not.toHaveBeenCalled();
    expect(registry.enqueued).toContain(handler);
    expect(registry.byName('EmailService.send')).toBeUndefined();
    expect([registry.all, registry.names, registry.queues, registry.workedQueues]).toEqual([
      [],
      [],
      [],
      [],
    ]);
  });

  it('offers the method that was probably meant', async () => {
    const registry = await registryOf({});
    expect(() => registry.byMethod(EmailService, 'sned')).toThrow(/mean EmailService\.send\?/);
  });

  it('is warned of once where this process works on its queue', async () => {
    @Injectable()
    class Neighbour {
      @Job({ queue: 'emails' })
      run(): void {}
    }
    const registry = await registryOf({ providers: [Neighbour] });
    for (let times = 0; times < 2; times += 1) registry.byMethod(EmailService, 'send');
    registry.byMethod(EmailService, 'remind');
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^Jobs "EmailService.send" are enqueued here into the queue "emails"/,
        ),
      ],
    ]);
  });

  it('is refused where its name is that of a handler that is provided', async () => {
    @Injectable()
    class Copy {
      @Job({ name: 'EmailService.send' })
      send(): void {}
    }
    const registry = await registryOf({ providers: [EmailService] });
    expect(() => registry.byMethod(Copy, 'send')).toThrow(JobsConfigurationError);
    expect(() => registry.byMethod(Copy, 'send')).toThrow(/duplicate job name "EmailService.send"/);
  });
});

describe('a class that seems to be minified', () => {
  it('is warned of, unless its jobs have names of their own', async () => {
    @Injectable()
    class t {
      @Job()
      send(): void {}

      @Job({ name: 'mail.named' })
      named(): void {}
    }
    await registryOf({ providers: [t] });
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/class of job "t.send" seems to be minified/)],
    ]);
  });
});
