import { describe, expect, it } from 'vitest';
import { localTimes, statementOf } from './postgres-commands.js';
import { withoutUnstorable, withoutUnstorableJson } from './unstorable-text.js';

/** Commands with a lock's token, and how many parameters BullMQ passes. */
const FENCED: [command: string, params: number][] = [
  ['move_to_completed', 8],
  ['move_to_completed_fetch', 13],
  ['move_to_failed', 9],
  ['move_to_failed_fetch', 14],
  ['move_to_delayed', 8],
  ['retry_job', 6],
  ['extend_lock', 5],
];

describe("BullMQ's statements", () => {
  it.each(FENCED)('%s is refused when the lock has expired', (command, count) => {
    const { text, params } = statementOf(command, Array(count).fill('p'), 5_000);
    expect(params).toHaveLength(count + 1);
    expect(Math.abs(Number(params[count]) - Date.now() - 5_000)).toBeLessThan(1_000);
    expect(text).toMatch(
      new RegExp(`locked_until_ms (?:>=|\\) <|.*?\\) <) \\$${count + 1}::bigint`),
    );
    // All that BullMQ passes is still used.
    for (let i = 1; i <= count; i += 1) expect(text).toMatch(new RegExp(`\\$${i}(?!\\d)`));
  });

  it.each([
    ['move_to_active', 3],
    ['extend_lock', 4],
    ['extend_locks', 4],
    ['move_stalled_jobs_to_wait', 2],
    ['move_to_completed_fetch', 9],
    ['move_to_failed_fetch', 10],
    ['add_job', 7],
  ])("%s gets the store's time", (command, position) => {
    const params = Array(15).fill(1_000);
    expect(statementOf(command, params, 60_000).params[position]).toBe(61_000);
    expect(statementOf(command, params, 0).params[position]).toBe(1_000);
    expect(params[position]).toBe(1_000);
  });

  it.each([
    ['add_jobs_bulk', ['q', '[{"id":"a","timestamp":1000}]'], 1],
    ['add_flow', ['[{"id":"a","timestamp":1000}]'], 0],
  ])("%s gets the store's time for each job", (command, params, position) => {
    const { params: shifted } = statementOf(command, params, -500);
    expect(JSON.parse(String(shifted[position]))).toEqual([{ id: 'a', timestamp: 500 }]);
  });

  it("brings times back to this process's clock", () => {
    const rows = [{ next_delay: '61000' }, { next_delay: null }];
    localTimes('next_signal', rows, 60_000);
    localTimes('get_job_data', rows, 60_000);
    expect(rows).toEqual([{ next_delay: '1000' }, { next_delay: null }]);
  });

  it('leaves a statement without a rule as it is', () => {
    const params = ['q', 'id'];
    const { text, params: same, slow } = statementOf('get_job_data', params, 1_000);
    expect(text).toContain('FROM job WHERE queue = $1 AND id = $2');
    expect(same).toBe(params);
    expect(slow).toBe(false);
  });
});

describe('text that PostgreSQL cannot store', () => {
  it.each([
    ['plain', 'plain'],
    ['a\0b', 'a\uFFFDb'],
    ['\ud800', '\uFFFD'],
    ['\u{1F600}', '\u{1F600}'],
    [undefined, undefined],
    [null, null],
    [7, 7],
  ])('%j becomes %j', (value, stored) => {
    expect(withoutUnstorable(value)).toBe(stored);
    const json = JSON.stringify(value);
    expect(withoutUnstorableJson(json)).toBe(JSON.stringify(stored));
  });

  it('leaves an escaped backslash before the letters alone', () => {
    const value = { path: 'C:\\u0000', deep: ['\\\\ud800', '\\\0'] };
    expect(JSON.parse(String(withoutUnstorableJson(JSON.stringify(value))))).toEqual({
      path: 'C:\\u0000',
      deep: ['\\\\ud800', '\\\uFFFD'],
    });
  });
});
