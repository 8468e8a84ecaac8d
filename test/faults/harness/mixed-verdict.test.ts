import { describe, expect, it } from 'vitest';
import type { LedgerEntry, LedgerEvent } from './ledger.js';
import { checkMixed } from './mixed-verdict.js';

/** Made-up ledgers: a checker that cannot fail proves nothing. */
describe('the checker of the mixed load', () => {
  it('finds nothing where every acked job ran once', () => {
    const verdict = check(...acked('a'), ...ran('a', 1));
    expect(verdict).toMatchObject({ acked: 1, runs: 1, lost: [], doubled: [], unexpected: [] });
  });

  it('finds an acked job that never succeeded, unless it is excused', () => {
    const failed = [...acked('a'), ...ran('a', 1, { ok: false })];
    expect(check(...failed).lost).toEqual(['a']);
    expect(check(...failed, { type: 'excused', label: 'a', why: 'cancelled' }).lost).toEqual([]);
  });

  it('finds a job that ran and that nobody asked for', () => {
    expect(check(...ran('a', 1)).unexpected).toEqual(['a']);
  });

  it('finds a run after one that succeeded, and not one after a failure', () => {
    expect(check(...acked('a'), ...ran('a', 1), ...ran('a', 2)).doubled).toEqual(['a']);
    const retried = [...acked('a'), ...ran('a', 1, { ok: false }), ...ran('a', 2)];
    expect(check(...retried).doubled).toEqual([]);
  });

  it('finds a run beside one that goes on, but not after the kill of its process', () => {
    const [started] = ran('a', 1);
    expect(check(...acked('a'), started!, ...ran('a', 2)).doubled).toEqual(['a']);
    expect(check(...acked('a'), started!, kill(1), ...ran('a', 2)).doubled).toEqual([]);
    expect(check(...acked('a'), started!, kill(7), ...ran('a', 2)).doubled).toEqual(['a']);
  });

  it('excuses a run after one whose process was killed before its end was stored, and no other', () => {
    const first = [...acked('a'), ...ran('a', 1)];
    const settled = {
      type: 'settled',
      jobId: 'id-a',
      pid: 1,
      attempt: 1,
      as: 'completed',
    } as const;
    expect(check(...first, kill(1), ...ran('a', 2)).doubled).toEqual([]);
    expect(check(...first, settled, kill(1), ...ran('a', 2)).doubled).toEqual(['a']);
    expect(check(...first, { ...settled, pid: 2 }, kill(1), ...ran('a', 2)).doubled).toEqual([]);
    // The end of an attempt may be told when the next one runs already.
    const earlier = { ...settled, attempt: 0, as: 'failed' } as const;
    expect(check(...first, earlier, kill(1), ...ran('a', 2)).doubled).toEqual([]);
  });

  it('finds an enqueue that was stored twice', () => {
    const [again] = ran('a', 1);
    const other = { ...again!, jobId: 'id-other' } as LedgerEntry;
    expect(check(...acked('a'), ...ran('a', 1, { ok: false }), other).storedTwice).toEqual(['a']);
  });

  it('finds a step that was done twice', () => {
    const step = { type: 'step', label: 'a', run: 'r', step: 0, done: true } as const;
    expect(check({ ...step, value: '1' }, { ...step, value: '1' }).steppedTwice).toEqual([]);
    expect(check({ ...step, value: '1' }, { ...step, value: '2' }).steppedTwice).toEqual(['a 0']);
  });

  it('finds what ran before the job that it follows', () => {
    const [job, next] = ['key1x1-a', 'then.key1x1-a'];
    expect(check(...ran(job, 1), ...ran(next, 1)).early).toEqual([]);
    expect(check(...ran(next, 1), ...ran(job, 1)).early).toEqual([next]);
  });

  it('finds more runs of a key than its limit', () => {
    const both = [ran('key1x1-a', 1)[0]!, ...ran('key1x1-b', 2)];
    expect(check(...both).excess).toBe(1);
    expect(check(ran('key1x2-a', 1)[0]!, ...ran('key1x2-b', 2)).excess).toBe(0);
    expect(check(both[0]!, kill(1), ...both.slice(1)).excess).toBe(0);
  });
});

/** Entries a second apart, so that a settlement is over by the next one. */
function check(...entries: LedgerEntry[]) {
  return checkMixed(entries.map((entry, index): LedgerEvent => ({ ...entry, at: index * 1_000 })));
}

function acked(label: string): LedgerEntry[] {
  return [
    { type: 'attempted', label },
    { type: 'acked', label, jobId: `id-${label}` },
  ];
}

/** Run number n happens in process n. */
function ran(label: string, n: number, { ok } = { ok: true }): LedgerEntry[] {
  const run = `${label}.${n}`;
  return [
    { type: 'started', label, jobId: `id-${label}`, run, pid: n, attempt: 1 },
    { type: 'ended', label, run, pid: n, ok, dbOpen: true },
  ];
}

function kill(pid: number): LedgerEntry {
  return { type: 'fault', kind: 'kill', pid, from: 100_000, until: 100_001 };
}
