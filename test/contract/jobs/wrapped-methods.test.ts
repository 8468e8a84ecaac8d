import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Continuation, Job, Recurring } from 'nestjs-jobs';
import { expect, it, vi } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

/**
 * Puts another method in the place of the one below, as decorators for transactions and tracing do.
 */
function Wrapped(): MethodDecorator {
  return (_target, _key, descriptor) => {
    const method = descriptor.value as unknown as (...args: unknown[]) => unknown;
    descriptor.value = async function (this: unknown, ...args: unknown[]) {
      return `wrapped ${String(await method.apply(this, args))}`;
    } as never;
  };
}

@Injectable()
class NeedsRole implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return Reflect.getMetadata('role', context.getHandler()) === 'admin';
  }
}

@Injectable()
class Orders {
  static ticked = signal();
  static followed = signal<string>();

  @Wrapped()
  @Job({ queue: 'orders', name: 'orders.ship' })
  async ship(id: string): Promise<string> {
    return `shipped ${id}`;
  }

  @Wrapped()
  @Recurring({ every: '100 ms' }, { id: 'sweep' })
  async sweep(): Promise<void> {
    Orders.ticked.resolve();
  }

  @Recurring({ every: '100 ms' }, { id: 'first', scope: 'process' })
  @Wrapped()
  @Recurring({ every: '1 h' }, { id: 'second', scope: 'process' })
  async twice(): Promise<void> {}

  @Wrapped()
  @Continuation({ after: [Orders, 'ship'] })
  async notify(shipped: string): Promise<void> {
    Orders.followed.resolve(shipped);
  }

  @Wrapped()
  @UseGuards(NeedsRole)
  @SetMetadata('role', 'admin')
  @Job()
  async allowed(): Promise<string> {
    return 'allowed';
  }

  @Wrapped()
  @UseGuards(NeedsRole)
  @Job()
  async denied(): Promise<string> {
    return 'not denied';
  }

  @UseGuards(NeedsRole)
  @Job()
  async spied(): Promise<string> {
    return 'not denied';
  }
}

@Injectable()
class SpecialOrders extends Orders {
  override async ship(id: string): Promise<string> {
    return `special: ${await super.ship(id)}`;
  }

  override async denied(): Promise<string> {
    return 'not denied';
  }
}

describeEngines('a decorated method in whose place there is another', (engine) => {
  const boot = async (type: typeof Orders = Orders) => {
    [Orders.ticked, Orders.followed] = [signal(), signal()];
    const imports = [ScheduleModule.forRoot()];
    const orders = { provide: Orders, useClass: type };
    return createJobsApp(engine, { imports, providers: [NeedsRole, orders] });
  };

  it('is a handler when a decorator above has wrapped it', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Orders, (orders) => orders.ship('7'));
    expect([handle.queue, handle.name]).toEqual(['orders', 'orders.ship']);
    expect(await handle.result()).toBe('wrapped shipped 7');
    expect(await Orders.followed.promise).toBe('wrapped shipped 7');
    await Orders.ticked.promise;
    expect((await jobs.recurring.list()).map(({ id }) => id)).toEqual(['sweep']);
  });

  it('is one when a subclass overrides it', async () => {
    const { jobs } = await boot(SpecialOrders);
    const handle = await jobs.enqueue(Orders, (orders) => orders.ship('7'));
    expect([handle.queue, handle.name]).toEqual(['orders', 'orders.ship']);
    expect(await handle.result()).toBe('special: wrapped shipped 7');
  });

  it.each([Orders, SpecialOrders])('keeps its guards and what they ask for: %o', async (type) => {
    const { jobs, module } = await boot(type);
    const allowed = await jobs.enqueue(Orders, (orders) => orders.allowed());
    expect(await allowed.result()).toBe('wrapped allowed');
    const denied = await jobs.enqueue(Orders, (orders) => orders.denied());
    await expect(denied.result()).rejects.toThrow(/Forbidden/);
    vi.spyOn(module.get(Orders), 'spied').mockResolvedValue('not denied');
    const spied = await jobs.enqueue(Orders, (orders) => orders.spied());
    await expect(spied.result()).rejects.toThrow(/Forbidden/);
  });
});
