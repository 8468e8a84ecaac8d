import { Queue } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSqliteBackend, sqlite, type SqliteQueueBackend } from '../../index.js';

let backend: SqliteQueueBackend;

beforeEach(() => {
  const queue = new Queue('told', { connection: sqlite(':memory:') }, createSqliteBackend);
  backend = queue.getBackend();
});

afterEach(() => backend.close());

async function publish(...names: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const event of names) ids.push(await backend.publishEvent({ event }, 1_000));
  return ids;
}

async function namesAfter(id: string): Promise<(string | undefined)[]> {
  const [stream] = (await backend.readEvents(id, 1)) ?? [];
  return (stream?.[1] ?? []).map(([, fields]) => fields[1]);
}

describe('the ids of events', () => {
  it('reads after an id, from a time on, or all', async () => {
    const [first = ''] = await publish('a', 'b', 'c');

    expect(await namesAfter(first)).toEqual(['b', 'c']);
    expect(await namesAfter('0')).toEqual(['a', 'b', 'c']);
    expect(await namesAfter('0-0')).toEqual(['a', 'b', 'c']);
    expect(await namesAfter(`${Date.now() - 1_000}`)).toEqual(['a', 'b', 'c']);
    expect(await namesAfter(`${Date.now() - 1_000}-0`)).toEqual(['a', 'b', 'c']);
    expect(await namesAfter(`${Date.now() + 1_000}-0`)).toEqual([]);
  });

  it('takes an id of another stream for a time', async () => {
    await publish('a', 'b');
    expect(await namesAfter(`${Date.now() - 1_000}-500`)).toEqual(['a', 'b']);
  });

  it('goes on after an event that was trimmed', async () => {
    const [first = ''] = await publish('a', 'b', 'c');
    expect(await backend.trimEvents(1)).toBe(2);
    expect(await namesAfter(first)).toEqual(['c']);
  });

  it('hands out at most 1,000 at once', async () => {
    await publish(...Array.from({ length: 1_050 }, (_, index) => `e${index}`));
    expect(await namesAfter('0')).toHaveLength(1_000);
  });

  it('refuses what is no id', async () => {
    await expect(backend.readEvents('yesterday', 1)).rejects.toThrow('Invalid event id: yesterday');
  });
});
