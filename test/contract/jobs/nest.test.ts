import { AsyncLocalStorage } from 'node:async_hooks';
import {
  Catch,
  ForbiddenException,
  Inject,
  Injectable,
  ParseIntPipe,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_GUARD, REQUEST } from '@nestjs/core';
import { Job, type JobInfo } from 'nestjs-jobs';
import { map, type Observable } from 'rxjs';
import { beforeEach, expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

const calls: string[] = [];

@Injectable()
class EvenOnly implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    calls.push(`guard ${context.getType<string>()} ${context.getHandler().name}`);
    return Number(context.getArgs()[0]) % 2 === 0;
  }
}

@Injectable()
class DenyAll implements CanActivate {
  canActivate(): boolean {
    calls.push('global guard');
    return false;
  }
}

@Injectable()
class Shaky implements CanActivate {
  static failures = 0;

  canActivate(): boolean {
    if (Shaky.failures-- > 0) throw new Error('the database of permissions is away');
    return true;
  }
}

@Injectable()
class ShakyWork {
  @Job({ backoff: { type: 'fixed', delay: 1 } })
  @UseGuards(Shaky)
  async run(): Promise<string> {
    return 'ran';
  }
}

@Injectable()
class Doubler implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler<number>): Observable<number> {
    calls.push('interceptor');
    return next.handle().pipe(map((value) => value * 2));
  }
}

@Catch(RangeError)
class Swallow implements ExceptionFilter {
  catch(error: Error): string {
    calls.push(`filter ${error.message}`);
    return 'handled';
  }
}

@Catch(TypeError)
class Translate implements ExceptionFilter {
  catch(error: Error): never {
    throw new Error(`translated: ${error.message}`);
  }
}

abstract class Mailer {
  abstract send(to: string): Promise<string>;
}

@Injectable()
class SmtpMailer extends Mailer {
  @Job({ queue: 'mail' })
  async send(to: string): Promise<string> {
    return `smtp:${to}`;
  }
}

class BaseHandler {
  @Job()
  async inherited(): Promise<string> {
    return this.constructor.name;
  }
}

@Injectable()
class ChildHandler extends BaseHandler {}

@Injectable({ scope: Scope.REQUEST })
class Scoped {
  static instances = 0;
  readonly instance = ++Scoped.instances;

  constructor(@Inject(REQUEST) private readonly request: JobInfo) {}

  @Job()
  async who(): Promise<{ instance: number; job: string }> {
    return { instance: this.instance, job: this.request.id };
  }
}

@Injectable()
class Work {
  @Job({ attempts: 3, backoff: { type: 'fixed', delay: 1 } })
  @UseGuards(EvenOnly)
  @UseInterceptors(Doubler)
  async guarded(value: number): Promise<number> {
    calls.push('handler');
    return value + 1;
  }

  @Job({ attempts: 1 })
  @UsePipes(ParseIntPipe)
  async piped(value: number): Promise<string> {
    return `${typeof value} ${value}`;
  }

  @Job({ attempts: 1 })
  @UseFilters(Swallow, Translate)
  async filtered(kind: 'range' | 'type' | 'plain'): Promise<void> {
    if (kind === 'range') throw new RangeError('swallowed');
    if (kind === 'type') throw new TypeError('wrong');
    throw new Error('plain');
  }

  @Job()
  async plain(): Promise<string> {
    return 'plain';
  }
}

const tenant = new AsyncLocalStorage<{ id: string }>();

@Injectable()
class TenantWork {
  @Job()
  async tenant(): Promise<string | undefined> {
    await new Promise((resolve) => setImmediate(resolve));
    return tenant.getStore()?.id;
  }
}

describeEngines('nest integration', (engine) => {
  beforeEach(() => {
    calls.length = 0;
  });
  const providers = [EvenOnly, Doubler, Work];
  const boot = (extra: object = {}) => createJobsApp(engine, { providers, ...extra });

  it('runs guards, interceptors and the handler in order, with the context type "jobs"', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Work, (s) => s.guarded(4));
    expect(await handle.result()).toBe(10);
    expect(calls).toEqual(['guard jobs guarded', 'interceptor', 'handler']);
  });

  it('fails a job that a guard denies, without another attempt', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Work, (s) => s.guarded(3));
    await expect(handle.result()).rejects.toThrow(/Forbidden resource/);
    expect((await handle.details()).attemptsMade).toBe(1);
    expect(ForbiddenException).toBeDefined();
  });

  it('retries a job whose guard could not answer', async () => {
    const { jobs } = await boot({ providers: [...providers, Shaky, ShakyWork] });
    Shaky.failures = 1;
    const handle = await jobs.enqueue(ShakyWork, (s) => s.run());
    expect(await handle.result()).toBe('ran');
  });

  it('runs pipes on arguments', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Work, (s) => s.piped('42' as never));
    expect(await handle.result()).toBe('number 42');
    const bad = await jobs.enqueue(Work, (s) => s.piped('x' as never));
    await expect(bad.result()).rejects.toThrow(/numeric string is expected/);
  });

  it('lets filters change an error, never turn a failure into a success', async () => {
    const { jobs } = await boot();
    const swallowed = await jobs.enqueue(Work, (s) => s.filtered('range'));
    await expect(swallowed.result()).rejects.toThrow(/swallowed/);
    expect(calls).toEqual(['filter swallowed']);
    const translated = await jobs.enqueue(Work, (s) => s.filtered('type'));
    await expect(translated.result()).rejects.toThrow(/translated: wrong/);
    const plain = await jobs.enqueue(Work, (s) => s.filtered('plain'));
    await expect(plain.result()).rejects.toThrow(/plain/);
  });

  it('leaves global enhancers out, unless told otherwise', async () => {
    const global = { provide: APP_GUARD, useClass: DenyAll };
    const without = await createJobsApp(engine, { providers: [...providers, global] });
    expect(await (await without.jobs.enqueue(Work, (s) => s.plain())).result()).toBe('plain');
    expect(await (await without.jobs.enqueue(Work, (s) => s.guarded(2))).result()).toBe(6);
    const withThem = await createJobsApp(engine, {
      providers: [...providers, global],
      options: { globalEnhancers: true },
    });
    const denied = await withThem.jobs.enqueue(Work, (s) => s.plain());
    await expect(denied.result()).rejects.toThrow(/Forbidden/);
  });

  it('serves an abstract class', async () => {
    const { jobs } = await createJobsApp(engine, {
      providers: [{ provide: Mailer, useClass: SmtpMailer }],
    });
    const handle = await jobs.enqueue(Mailer, (m) => m.send('ada@example.com'));
    expect(handle.name).toBe('Mailer.send');
    expect(await handle.result()).toBe('smtp:ada@example.com');
  });

  it('serves inherited methods and controllers', async () => {
    const { jobs } = await createJobsApp(engine, { controllers: [ChildHandler] });
    const handle = await jobs.enqueue(ChildHandler, (s) => s.inherited());
    expect(await handle.result()).toBe('ChildHandler');
  });

  it('gives each job of a request-scoped provider its own instance', async () => {
    const { jobs } = await createJobsApp(engine, { providers: [Scoped] });
    const handles = [
      await jobs.enqueue(Scoped, (s) => s.who()),
      await jobs.enqueue(Scoped, (s) => s.who()),
    ];
    const [a, b] = await Promise.all(handles.map((h) => h.result()));
    expect(a!.instance).not.toBe(b!.instance);
    expect([a!.job, b!.job]).toEqual(handles.map((h) => h.id));
  });

  it('carries captured context to the handler', async () => {
    const { jobs } = await createJobsApp(engine, {
      providers: [TenantWork],
      options: {
        connection: engine.connection,
        context: {
          capture: () => tenant.getStore(),
          restore: (captured, run) => tenant.run(captured as { id: string }, run),
        },
      },
    });
    const inside = await tenant.run({ id: 'acme' }, () =>
      jobs.enqueue(TenantWork, (s) => s.tenant()),
    );
    const outside = await jobs.enqueue(TenantWork, (s) => s.tenant());
    expect(await inside.result()).toBe('acme');
    expect(await outside.result()).toBeUndefined();
  });
});
