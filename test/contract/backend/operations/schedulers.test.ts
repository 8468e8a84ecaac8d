import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';
import { advance, schedule } from '../schedules.js';

/** So it is in two lists at once, and its end is lost. */
const WRITTEN_OVER = 'a run that is active is written over by the new one';

const NOON = Date.UTC(2024, 0, 1, 12);
const MINUTE = 60_000;

describeBackends('job schedulers', (backend) => {
  backend.it('adds the first job of an interval at once', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(NOON + 5);
    const first = await schedule(queue, 'often', { every: MINUTE, data: '{"a":1}' });
    expect(first).toEqual([`repeat:often:${NOON + 5}`, 0]);
    const { id, job } = await queue.claim();
    expect(id).toBe(`repeat:often:${NOON + 5}`);
    expect(job).toMatchObject({ name: 'tick', data: '{"a":1}', repeatJobKey: 'often' });
  });

  backend.it('adds the first job of a pattern for its time', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(NOON);
    const next = NOON + 5 * MINUTE;
    const templateOpts = { priority: 3 };
    const first = await schedule(queue, 'rare', { pattern: '5 * * * *', next, templateOpts });
    expect(first).toEqual([`repeat:rare:${next}`, 5 * MINUTE]);
    expect(await queue.ids('delayed')).toEqual([`repeat:rare:${next}`]);
    expect(await queue.job(`repeat:rare:${next}`)).toMatchObject({
      delay: 5 * MINUTE,
      priority: 3,
      repeatJobKey: 'rare',
    });
  });

  backend.it('starts an interval at its start date', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(NOON);
    const startDate = NOON + 7 * MINUTE;
    expect(await schedule(queue, 'later', { every: MINUTE, startDate })).toEqual([
      `repeat:later:${startDate}`,
      7 * MINUTE,
    ]);
  });

  backend.it('tells all of a schedule', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(NOON);
    const [id] = await schedule(queue, 'rare', {
      pattern: '5 * * * *',
      tz: 'Europe/Paris',
      limit: 10,
      endDate: NOON * 2,
      next: NOON + MINUTE,
      data: '{"a":1}',
      templateOpts: { attempts: 3 },
    });
    expect(id).toBe(`repeat:rare:${NOON + MINUTE}`);
    const fields = {
      name: 'tick',
      pattern: '5 * * * *',
      tz: 'Europe/Paris',
      limit: '10',
      endDate: String(NOON * 2),
      ic: '1',
      opts: '{"attempts":3}',
    };
    const stored = await queue.backend.getJobSchedulerData('rare');
    expect(stored).toMatchObject(fields);
    expect(JSON.parse(stored.data!)).toEqual({ a: 1 });
    const [flat, next] = (await queue.backend.getJobScheduler('rare')) as [string[], string];
    expect(next).toBe(String(NOON + MINUTE));
    expect(flat).toEqual(expect.arrayContaining(Object.entries(fields).flat()));
  });

  backend.it('knows which schedules there are', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(NOON);
    for (const [id, minutes] of [
      ['b', 2],
      ['a', 1],
      ['c', 3],
    ] as const) {
      await schedule(queue, id, { pattern: '* * * * *', next: NOON + minutes * MINUTE });
    }
    const due = (id: string, minutes: number) => [id, String(NOON + minutes * MINUTE)];
    expect(await queue.backend.getJobSchedulersCount()).toBe(3);
    expect(await queue.backend.getJobSchedulersRange(0, -1, true)).toEqual([
      ...due('a', 1),
      ...due('b', 2),
      ...due('c', 3),
    ]);
    expect(await queue.backend.getJobSchedulersRange(0, 1, false)).toEqual([
      ...due('c', 3),
      ...due('b', 2),
    ]);
    expect(await queue.backend.isJobScheduler('a')).toBe(true);
    expect(await queue.backend.isJobScheduler('nothing')).toBe(false);
    const [fields, next] = await queue.backend.getJobScheduler('nothing');
    expect([fields ?? null, next ?? null]).toEqual([null, null]);
    expect(await queue.backend.getJobSchedulerData('nothing')).toEqual({});
  });

  backend.it('replaces the waiting job of a schedule that is set again', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(NOON);
    await schedule(queue, 'rare', { pattern: '1 * * * *', next: NOON + MINUTE });
    await schedule(queue, 'rare', { pattern: '2 * * * *', next: NOON + 2 * MINUTE });
    expect(await queue.ids('delayed')).toEqual([`repeat:rare:${NOON + 2 * MINUTE}`]);
    expect(await queue.backend.getJobSchedulersCount()).toBe(1);
  });

  backend.it('keeps the time of an interval that is set again', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(NOON);
    const startDate = NOON + 7 * MINUTE;
    await schedule(queue, 'often', { every: 10 * MINUTE, startDate });
    store.setTime(NOON + 3 * MINUTE);
    const again = { every: 10 * MINUTE, startDate, data: '{"b":2}' };
    expect(await schedule(queue, 'often', again)).toEqual([
      `repeat:often:${startDate}`,
      4 * MINUTE,
    ]);
    expect(JSON.parse((await queue.job(`repeat:often:${startDate}`)).data)).toEqual({ b: 2 });
    expect(await queue.count('delayed')).toBe(1);
  });

  backend.it('begins anew where the interval has changed', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(NOON);
    await schedule(queue, 'often', { every: 10 * MINUTE, startDate: NOON + 7 * MINUTE });
    store.setTime(NOON + 3 * MINUTE);
    const [id] = await schedule(queue, 'often', { every: MINUTE });
    expect(id).toBe(`repeat:often:${NOON + 3 * MINUTE}`);
    expect(await queue.count('delayed')).toBe(0);
    expect(await queue.claimAll()).toEqual([id]);
  });

  backend.it('adds the next job of an interval when the last one runs', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(NOON);
    const [first] = await schedule(queue, 'often', { every: MINUTE, data: '{"a":1}' });
    await queue.claim();
    store.setTime(NOON + 100);
    const second = await advance(queue, 'often', first);
    expect(second).toBe(`repeat:often:${NOON + MINUTE}`);
    expect(await queue.job(second!)).toMatchObject({
      name: 'tick',
      delay: MINUTE - 100,
      repeatJobKey: 'often',
    });
    expect(JSON.parse((await queue.job(second!)).data)).toEqual({ a: 1 });
    expect(await queue.backend.getJobSchedulerData('often')).toMatchObject({ ic: '2' });
  });

  backend.it('leaves out the runs that were missed', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(NOON);
    const [first] = await schedule(queue, 'often', { every: MINUTE });
    await queue.claim();
    store.setTime(NOON + 10 * MINUTE + 5);
    expect(await advance(queue, 'often', first)).toBe(`repeat:often:${NOON + 11 * MINUTE}`);
  });

  backend.it('adds the next job only for the last one, and only once', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(NOON);
    const next = NOON + MINUTE;
    const [first] = await schedule(queue, 'rare', { pattern: '* * * * *', next: NOON });
    await queue.claim();
    expect(await advance(queue, 'rare', 'someone else', next)).toBeNull();
    expect(await advance(queue, 'nothing', first, next)).toBeNull();
    expect(await advance(queue, 'rare', first, next)).toBe(`repeat:rare:${next}`);
    expect(await advance(queue, 'rare', first, next)).toBeNull();
    expect(await queue.count('delayed')).toBe(1);
  });

  backend.it('takes the next free time of an interval', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(NOON);
    await queue.addAll(`repeat:often:${NOON}`);
    expect(await schedule(queue, 'often', { every: MINUTE })).toEqual([
      `repeat:often:${NOON + MINUTE}`,
      MINUTE,
    ]);
  });

  backend.it('refuses a pattern whose job exists', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(NOON);
    const next = NOON + MINUTE;
    await queue.addAll(`repeat:rare:${next}`);
    await expect(schedule(queue, 'rare', { pattern: '* * * * *', next })).rejects.toMatchObject({
      code: -10,
      message: 'Cannot create job scheduler iteration - job ID already exists. addJobScheduler',
    });
    expect(await queue.backend.isJobScheduler('rare')).toBe(false);
  });

  /** The run of 12:01 was started early, and the one of 13:01 is planned. */
  async function startEarly(queue: QueueDriver): Promise<string> {
    const [id] = await schedule(queue, 'rare', { pattern: '1 * * * *', next: NOON + MINUTE });
    await queue.backend.promote(id);
    await queue.claim();
    await advance(queue, 'rare', id, NOON + 61 * MINUTE);
    return id;
  }

  for (const change of [{ pattern: '01 * * * *' }, { pattern: '1 * * * *', tz: 'Europe/Paris' }]) {
    const changed = { ...change, next: NOON + MINUTE, data: '{"b":2}' };
    const text = Object.values(change).join(' in ');

    backend.it(`runs again at a time whose run has ended early: ${text}`, async (store) => {
      const queue = new QueueDriver(store);
      store.setTime(NOON);
      const id = await startEarly(queue);
      await queue.complete(id);
      expect(await schedule(queue, 'rare', changed)).toEqual([id, MINUTE]);
      expect(await queue.ids('delayed')).toEqual([id]);
      expect(JSON.parse((await queue.job(id)).data)).toEqual({ b: 2 });
      expect(await queue.backend.getJobSchedulerData('rare')).toMatchObject(change);
      store.setTime(NOON + MINUTE);
      expect(await queue.claimAll()).toEqual([id]);
    });

    backend.it(
      `keeps the plan while the run of that time is active: ${text}`,
      async (store) => {
        const queue = new QueueDriver(store);
        store.setTime(NOON);
        const id = await startEarly(queue);
        const planned = `repeat:rare:${NOON + 61 * MINUTE}`;
        expect(await schedule(queue, 'rare', changed)).toEqual([planned, 61 * MINUTE]);
        expect(await queue.ids('active')).toEqual([id]);
        expect(await queue.ids('delayed')).toEqual([planned]);
        expect(JSON.parse((await queue.job(planned)).data)).toEqual({ b: 2 });
        expect(await queue.backend.getJobSchedulerData('rare')).toMatchObject(change);
        await queue.complete(id);
      },
      { redis: WRITTEN_OVER, ...POSTGRES.activeRunIsWrittenOver },
    );
  }

  backend.it('removes a schedule with its delayed job', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(NOON);
    await schedule(queue, 'rare', { pattern: '* * * * *', next: NOON + MINUTE });
    expect(await queue.backend.removeJobScheduler('rare')).toBe(0);
    expect(await queue.backend.removeJobScheduler('rare')).toBe(1);
    expect(await queue.count('delayed')).toBe(0);
    expect(await queue.backend.isJobScheduler('rare')).toBe(false);
  });

  backend.it('tells of the job that goes with its schedule', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(NOON);
    const [jobId] = await schedule(queue, 'rare', { pattern: '* * * * *', next: NOON + MINUTE });
    await queue.backend.removeJobScheduler('rare');
    expect((await queue.events()).at(-1)).toEqual({ event: 'removed', jobId, prev: 'delayed' });
  });

  backend.it('does not remove the next job of a schedule by itself', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(NOON);
    const [id] = await schedule(queue, 'rare', { pattern: '* * * * *', next: NOON + MINUTE });
    await expect(queue.backend.remove(id, false)).rejects.toMatchObject({ code: -8 });
    expect(await queue.backend.cleanJobsByState('delayed', NOON * 2)).toEqual([]);
    await queue.backend.drain(true);
    expect(await queue.ids('delayed')).toEqual([id]);
  });
});
