import { beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../contracts/index.js';
import { StoreUnavailableError } from '../errors/index.js';
import type { JobLogger } from '../logging/index.js';
import type { ResolvedOptions } from '../options/index.js';
import type { ManagedService } from './managed-service.js';
import { ManagedServices } from './managed-services.js';

const LOST = new Error('ECONNRESET');
const never = () => new Promise<never>(() => undefined);

describe('the end of background services', () => {
  let calls: string[];
  let logged: string[];
  beforeEach(() => {
    calls = [];
    logged = [];
  });

  type Ends = Partial<Record<'stop' | 'leave', () => Promise<void>>>;

  function service(name: string, ends: Ends = {}): ManagedService {
    const noted = (what: 'stop' | 'leave') => async (): Promise<void> => {
      calls.push(`${name} ${what}`);
      await ends[what]?.();
      calls.push(`${name} ${what} over`);
    };
    return {
      name,
      start: () => Promise.resolve(),
      stop: noted('stop'),
      ...(ends.leave && { leave: noted('leave') }),
    };
  }

  async function started(...groups: ManagedService[][]): Promise<ManagedServices> {
    const services = new ManagedServices(
      groups,
      { error: (text: string) => logged.push(text) } as unknown as JobLogger,
      { isConnectionError: (error) => error === LOST } as Engine,
      { connectTimeoutMs: 1_000 } as ResolvedOptions,
    );
    await services.start();
    return services;
  }

  it('is in the reverse order of their start, and each leaves when it has stopped', async () => {
    const leave = () => Promise.resolve();
    const services = await started([service('first')], [service('second', { leave })]);
    await services.stop();
    expect(calls.filter((call) => !call.endsWith('over'))).toEqual([
      'second stop',
      'second leave',
      'first stop',
    ]);
  });

  it('waits a second for a stop that hangs and another for a goodbye, and tells nobody', async () => {
    const hanging = service('hanging', { stop: never, leave: never });
    const services = await started([service('first')], [hanging]);
    const startedAt = performance.now();
    await services.stop();
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(1_900);
    expect(tookMs).toBeLessThan(4_000);
    expect(calls).toEqual(['hanging stop', 'hanging leave', 'first stop', 'first stop over']);
  });

  it('waits for a service that bounds its stop itself', async () => {
    const stop = () => new Promise<void>((resolve) => void setTimeout(resolve, 1_300));
    const services = await started([{ ...service('slow', { stop }), boundsItsStop: true }]);
    await services.stop();
    expect(calls).toEqual(['slow stop', 'slow stop over']);
  });

  it('is hurried in all of them, those that are being stopped too', async () => {
    let hurry = () => undefined as void;
    const stop = () => new Promise<void>((resolve) => (hurry = resolve));
    const slow = { ...service('slow', { stop }), boundsItsStop: true, hurry: () => hurry() };
    const services = await started([service('first')], [slow]);
    const stopped = services.stop();
    services.hurry();
    await stopped;
    expect(calls).toEqual(['slow stop', 'slow stop over', 'first stop', 'first stop over']);
  });

  it('goes on when one fails, and says so unless it is the store that is lost', async () => {
    const failing = (reason: Error) => () => Promise.reject(reason);
    const leave = () => Promise.resolve();
    const services = await started(
      [service('broken', { stop: failing(new Error('broken')), leave })],
      [service('lost', { stop: failing(LOST), leave })],
      [
        service('closed', {
          stop: failing(new StoreUnavailableError('tell', 'it is gone')),
          leave,
        }),
      ],
    );
    await services.stop();
    expect(calls.filter((call) => call.endsWith('over'))).toEqual([
      'closed leave over',
      'lost leave over',
      'broken leave over',
    ]);
    expect(logged).toEqual([expect.stringMatching(/stop of broken.*broken/)]);
  });
});
