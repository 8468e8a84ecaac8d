import { describe, expect, it } from 'vitest';
import { check, violations } from './checker.js';
import type { LedgerEntry, LedgerEvent } from './ledger.js';

/** Made-up ledgers: a checker that cannot fail proves nothing. */
describe('checker', () => {
  it('finds nothing in a history in which every acked job ran once', () => {
    const verdict = check(ledger(...enqueued('a'), ...ran('a', 1), stored('a', 'completed', 'a1')));

    expect(violations(verdict)).toEqual([]);
    expect(verdict).toMatchObject({ attempted: 1, acked: 1, uncertain: 0, recovered: [] });
  });

  it('finds an acked job that never ran', () => {
    expect(violations(check(ledger(...enqueued('a'))))).toEqual(['lost 1: a']);
  });

  it('finds an acked job whose runs all failed or never ended', () => {
    const history = [...enqueued('a'), ...ran('a', 1, { ok: false }), started('a', 2)];

    expect(check(ledger(...history)).lost).toEqual(['a']);
  });

  it('finds a job that ran and that nobody enqueued', () => {
    expect(violations(check(ledger(...ran('ghost', 1))))).toEqual(['unexpected 1: ghost']);
  });

  it('finds a job that ran although its enqueue said: not stored', () => {
    const refused: LedgerEntry = { type: 'refused', label: 'a', reason: 'no store' };
    const history = [attempted('a'), refused, ...ran('a', 1)];

    expect(violations(check(ledger(...history)))).toEqual(['unexpected 1: a']);
    expect(violations(check(ledger(attempted('a'), ...history)))).toEqual([]);
  });

  it('allows a job to run whose enqueue had no known outcome, and counts it', () => {
    const verdict = check(ledger(attempted('a'), ...ran('a', 1), attempted('b')));

    expect(violations(verdict)).toEqual([]);
    expect(verdict).toMatchObject({ acked: 0, uncertain: 2, recovered: ['a'] });
  });

  it('finds a second run that no fault explains', () => {
    const verdict = check(ledger(...enqueued('a'), ...ran('a', 1), ...ran('a', 2)));

    expect(violations(verdict)).toEqual(['unexcused 1: a']);
    expect(verdict.duplicated).toEqual(['a']);
  });

  it('excuses a second run of a job that was in flight when its process was killed', () => {
    const history = [...enqueued('a'), started('a', 1), kill(1, 10_000), ...ran('a', 2)];
    const verdict = check(ledger(...history));

    expect(violations(verdict)).toEqual([]);
    expect(verdict).toMatchObject({ duplicated: ['a'], inFlight: 1 });
    expect(verdict.recoveries).toHaveLength(1);
  });

  it('excuses a run that ended just before the kill: its end may not have been stored', () => {
    const end = ran('a', 1)[1]!;
    const just = [...enqueued('a'), started('a', 1), { ...end, at: 9_000 }, kill(1, 10_000)];
    const long = [...enqueued('a'), started('a', 1), { ...end, at: 2_000 }, kill(1, 10_000)];

    expect(check(ledger(...just, ...ran('a', 2))).unexcused).toEqual([]);
    expect(check(ledger(...long, ...ran('a', 2))).unexcused).toEqual(['a']);
  });

  it('does not excuse a second run by the kill of another process', () => {
    const history = [...enqueued('a'), started('a', 1), kill(7, 10_000), ...ran('a', 2)];

    expect(check(ledger(...history)).unexcused).toEqual(['a']);
  });

  it('excuses runs of all processes by a fault of the store, while it lasts', () => {
    const outage = { type: 'fault', kind: 'store', from: 5, until: 6 } as const;
    const during = [...enqueued('a'), ...ran('a', 1), outage, ...ran('a', 2)];
    const after = [...during, { ...started('a', 3), at: 50_000 }];
    const late = [...after, { ...started('a', 4), at: 60_000 }];

    expect(check(ledger(...during)).unexcused).toEqual([]);
    expect(check(ledger(...late)).unexcused).toEqual(['a']);
  });

  it('finds an enqueue that was stored twice under two ids', () => {
    const second = { ...started('a', 2), jobId: 'id-other' };

    expect(check(ledger(...enqueued('a'), ...ran('a', 1), second)).storedTwice).toEqual(['a']);
  });

  it('finds a success that is stored as a failure', () => {
    const history = [...enqueued('a'), ...ran('a', 1), stored('a', 'failed')];

    expect(violations(check(ledger(...history)))).toEqual(['successStoredAsFailed 1: a']);
  });

  it('finds a failure that is stored as a success, and a value of no successful run', () => {
    const failed = [
      ...enqueued('a'),
      ...ran('a', 1, { ok: false }),
      stored('a', 'completed', 'a1'),
    ];
    const other = [...enqueued('a'), ...ran('a', 1), stored('a', 'completed', 'a9')];

    expect(check(ledger(...failed)).failureStoredAsSuccess).toEqual(['a']);
    expect(check(ledger(...other)).failureStoredAsSuccess).toEqual(['a']);
  });

  it('finds an acked job that is neither completed nor failed at the end', () => {
    const history = [...enqueued('a'), ...ran('a', 1), stored('a', 'active')];

    expect(violations(check(ledger(...history)))).toEqual(['unsettled 1: a']);
  });
});

/** Gives each entry the time 1, 2, 3 … ms unless it has one. */
function ledger(...entries: (LedgerEntry & { at?: number })[]): LedgerEvent[] {
  return entries.map((entry, index) => ({ ...entry, at: entry.at ?? index + 1 }));
}

function attempted(label: string): LedgerEntry {
  return { type: 'attempted', label };
}

function enqueued(label: string): LedgerEntry[] {
  return [attempted(label), { type: 'acked', label, jobId: `id-${label}` }];
}

/** Run number n happens in process n. */
function started(label: string, n: number): Extract<LedgerEntry, { type: 'started' }> {
  return { type: 'started', label, jobId: `id-${label}`, run: `${label}${n}`, pid: n, attempt: 1 };
}

function ran(label: string, n: number, { ok } = { ok: true }): LedgerEntry[] {
  return [
    started(label, n),
    { type: 'ended', label, run: `${label}${n}`, pid: n, ok, dbOpen: true },
  ];
}

function kill(pid: number, at: number): LedgerEntry {
  return { type: 'fault', kind: 'kill', pid, from: at, until: at };
}

function stored(label: string, state: string, result?: string): LedgerEntry {
  return { type: 'stored', label, jobId: `id-${label}`, state, result };
}
