import { Injectable, type Type } from '@nestjs/common';
import { expect, it } from 'vitest';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { releases, servers } from '../coordination/index.js';
import { Recurring } from '../decorators/index.js';
import type { RecurrenceSettings } from '../options/index.js';
import { Declarations } from './declarations.js';
import { ScheduleStore } from './schedule-store.js';
import { describeEngines, type Isolation } from '../../../../test/support/engines.js';
import { createJobsApp } from '../../../../test/support/jobs-app.js';

/** A version of an application that declares these recurring jobs. */
function version(declared: Record<string, [cron: string, settings?: RecurrenceSettings]>): Type {
  @Injectable()
  class Service {}
  for (const [id, [cron, settings]] of Object.entries(declared)) {
    const method = { value: () => id, writable: true, configurable: true };
    Object.defineProperty(Service.prototype, id, method);
    Recurring(cron, { id, name: `Service.${id}`, ...settings })(Service.prototype, id, method);
  }
  return Service;
}

const YEARLY = '0 0 1 1 *';

describeEngines('recurring jobs that are declared', (engine) => {
  const boot = async (service: Type, isolation?: Isolation) => {
    const app = await createJobsApp(engine, {
      providers: [service],
      ...(isolation && { isolation }),
    });
    const store = app.module.get(ScheduleStore);
    return {
      ...app,
      stored: async (id: string) => (await store.get(id))?.text,
      /** What the leader does now and then. */
      review: async () => {
        const all = [...(await store.all()).values()];
        await app.module.get(Declarations).review(all, Date.now());
      },
      ids: async () => (await app.jobs.recurring.list()).map(({ id }) => id),
    };
  };

  it('are left alone by a boot that declares the same', async () => {
    const service = version({ kept: [YEARLY, { misfire: 'skip', timeZone: 'Asia/Kolkata' }] });
    const first = await boot(service);
    const before = await first.stored('kept');
    await first.close();
    const second = await boot(service, first.isolation);
    expect(before).toBeDefined();
    expect(await second.stored('kept')).toBe(before);
  });

  it('are changed once by one that declares something else, and stay paused', async () => {
    const first = await boot(version({ changed: [YEARLY] }));
    await first.jobs.recurring.pause('changed');
    await first.close();
    const next = version({ changed: ['0 0 2 1 *'] });
    const second = await boot(next, first.isolation);
    const text = await second.stored('changed');
    const changed = await second.jobs.recurring.get('changed');
    expect(changed).toMatchObject({ recurrence: '0 0 2 1 *', state: 'paused' });
    const third = await boot(next, first.isolation);
    expect(await third.stored('changed')).toBe(text);
  });

  it('keep their ticks when only the job behind them changes', async () => {
    const first = await boot(version({ same: [YEARLY] }));
    const before = JSON.parse((await first.stored('same'))!) as { progress: { cursor: number } };
    await first.close();
    const second = await boot(
      version({ same: [YEARLY, { attempts: 3 } as object] }),
      first.isolation,
    );
    const after = JSON.parse((await second.stored('same'))!) as typeof before & { call: object };
    expect(after.progress.cursor).toBe(before.progress.cursor);
    expect(after.call).toMatchObject({ opts: { attempts: 3 } });
  });

  it('live as long as a process that declares them, and are back with the next one', async () => {
    const older = await boot(version({ old: [YEARLY], both: [YEARLY] }));
    const newer = await boot(version({ both: [YEARLY], new: [YEARLY] }), older.isolation);
    await newer.review();
    expect(await newer.ids()).toEqual(['both', 'new', 'old']);
    await older.close();
    await newer.review();
    expect(await newer.ids()).toEqual(['both', 'new']);
    const back = await boot(version({ old: [YEARLY], both: [YEARLY] }), older.isolation);
    expect(await back.ids()).toEqual(['both', 'new', 'old']);
    await back.review();
    expect(await back.ids()).toEqual(['both', 'new', 'old']);
  });

  it('are back when the process that declares them was silent for a while', async () => {
    const { module, review, ids, stored } = await boot(version({ mine: [YEARLY] }));
    const { store } = module.get<Engine>(JOBS_ENGINE);
    const [self] = await servers.live(store);
    const other = { ...self!, id: 'other', release: 'none' };
    await releases.store(store, 'none', { names: [], queues: {}, recurring: {} });
    await servers.announce(store, other);
    const before = await stored('mine');
    await servers.retire(store, self!.id);
    await review();
    expect(await ids()).toEqual([]);
    await servers.announce(store, self!);
    await review();
    expect(await ids()).toEqual(['mine']);
    expect(await stored('mine')).toBe(before);
  });

  it('are as the newest version says that lives, whoever booted last', async () => {
    const older = version({ both: [YEARLY] });
    const newer = version({ both: ['0 0 2 1 *'] });
    const first = await boot(older);
    const { isolation } = first;
    const recurrence = async () => (await first.jobs.recurring.get('both'))?.recurrence;
    const second = await boot(newer, isolation);
    expect(await recurrence()).toBe('0 0 2 1 *');
    const restarted = await boot(older, isolation);
    await first.review();
    expect(await recurrence()).toBe('0 0 2 1 *');
    await second.close();
    await expect.poll(recurrence, { timeout: 15_000 }).toBe(YEARLY);
    await boot(newer, isolation);
    expect(await recurrence()).toBe('0 0 2 1 *');
    await restarted.close();
  });

  it('stay as a call has changed them, until the next boot', async () => {
    const service = version({ mine: [YEARLY] });
    const { jobs, review, isolation } = await boot(service);
    await jobs.recurring.reschedule('mine', '0 0 3 1 *');
    await review();
    await boot(version({ other: [YEARLY] }), isolation);
    await review();
    const recurrence = async () => (await jobs.recurring.get('mine'))?.recurrence;
    expect(await recurrence()).toBe('0 0 3 1 *');
    await boot(service, isolation);
    expect(await recurrence()).toBe(YEARLY);
  });

  it('are back soon when they are gone from the store', async () => {
    const { module, jobs, ids } = await boot(version({ mine: [YEARLY], other: [YEARLY] }));
    await module.get<Engine>(JOBS_ENGINE).store.delete('recurring:mine');
    expect(await jobs.recurring.get('mine')).toBeUndefined();
    await expect.poll(ids, { timeout: 45_000 }).toEqual(['mine', 'other']);
  }, 60_000);
});
