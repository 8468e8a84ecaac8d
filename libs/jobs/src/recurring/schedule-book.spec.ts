import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobLogger } from '../logging/index.js';
import type { Calendar, ResolvedOptions } from '../options/index.js';
import { TickSources } from './tick-sources.js';
import { ScheduleBook } from './schedule-book.js';
import type { Schedule } from './schedule.js';
import type { ScheduleStore, StoredSchedule } from './schedule-store.js';

const stored = (id: string, timing: Schedule['timing']): StoredSchedule => {
  const call = {
    queue: 'q',
    name: 'n',
    data: { args: [] },
    opts: {},
  } as unknown as Schedule['call'];
  const progress = { cursor: 0, runs: 0, misfires: 0, skips: 0 };
  const schedule: Schedule = {
    id,
    source: 'api',
    timing,
    call,
    definedAt: 0,
    progress,
    paused: false,
  };
  return { schedule, text: JSON.stringify(schedule) };
};

describe('the book of recurring jobs', () => {
  const broken: Calendar = {
    excludes: () => {
      throw new Error('no holidays');
    },
  };
  const all = new Map<string, StoredSchedule>();
  const error = vi.fn<(message: string) => void>();
  const readAll = vi.fn<ScheduleStore['all']>();
  let book: ScheduleBook;

  beforeEach(() => {
    error.mockReset();
    all.clear();
    all.set('fine', stored('fine', { everyMs: 1_000 }));
    const options = { calendars: new Map([['broken', broken]]) } as unknown as ResolvedOptions;
    const store = {
      all: readAll.mockReset().mockImplementation(async () => all),
      find: async (id: string) => all.get(id),
      isUnreadable: () => false,
    } as unknown as ScheduleStore;
    book = new ScheduleBook(store, { error } as unknown as JobLogger, new TickSources(options));
  });

  it.each([
    ['with a calendar that throws', { everyMs: 1_000, calendars: ['broken'] }, /no holidays/],
    [
      'with a calendar that is not there',
      { everyMs: 1_000, calendars: ['none'] },
      /calendars none/,
    ],
    ['with a cron expression of another version', { cron: 'soon' }, /Invalid cron expression/],
  ])('holds all others beside one %s, and tells of it once', async (_what, timing, reason) => {
    all.set('bad', stored('bad', timing));
    await book.load();
    await book.load();
    expect(book.all().map(({ id }) => id)).toEqual(['fine']);
    expect(book.due(1_000, 10).map(({ id }) => id)).toEqual(['fine']);
    expect(book.nextDue).toBe(1_000);
    expect(error).toHaveBeenCalledOnce();
    expect(error.mock.calls[0]![0]).toMatch(reason);
  });

  it('misses none that is stored while it reads all others', async () => {
    const read = Promise.withResolvers<ReadonlyMap<string, StoredSchedule>>();
    readAll.mockReturnValueOnce(read.promise);
    const loaded = book.load();
    const asOfThen = new Map(all);
    all.set('new', stored('new', { everyMs: 500 }));
    book.suspect('new');
    read.resolve(asOfThen);
    await loaded;
    await book.refresh();
    expect(book.nextDue).toBe(500);
  });

  it('takes one back that can be read again', async () => {
    all.set('bad', stored('bad', { cron: 'soon' }));
    await book.load();
    all.set('bad', stored('bad', { everyMs: 500 }));
    book.suspect('bad');
    await book.refresh();
    expect(book.nextDue).toBe(500);
    all.delete('bad');
    book.suspect('bad');
    await book.refresh();
    expect(book.nextDue).toBe(1_000);
  });

  it('reads again a group at a time, since hints may come as fast as it reads', async () => {
    const ids = Array.from({ length: 250 }, (_, index) => `s${index}`);
    for (const id of ids) {
      all.set(id, stored(id, { everyMs: 1_000 }));
      book.suspect(id);
    }
    await book.refresh();
    expect(book.all()).toHaveLength(100);
    expect(book.hasSuspects).toBe(true);
    await book.refresh();
    await book.refresh();
    expect(book.all()).toHaveLength(250);
    expect(book.hasSuspects).toBe(false);
  });
});
