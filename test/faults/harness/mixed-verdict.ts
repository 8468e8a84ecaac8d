import type { LedgerEvent } from './ledger.js';
import { checkTurns } from './turns.js';

/** What a ledger of the mixed load proves. Lists hold labels; each must be empty. */
export interface MixedVerdict {
  acked: number;
  excused: number;
  runs: number;
  /** Acked and not excused, and no run of it succeeded. */
  lost: string[];
  /** Ran, though nobody asked for it. */
  unexpected: string[];
  /**
   * Ran again after a run whose success was stored; or after one that went on, or succeeded, in a
   * process that nobody killed.
   */
  doubled: string[];
  /** Ran as more than one job. */
  storedTwice: string[];
  /** Steps that gave two values. */
  steppedTwice: string[];
  /** What was declared to follow a job ran before that one had succeeded. */
  early: string[];
  /** The most runs of one key at once, beyond its limit. */
  excess: number;
}

interface Run {
  readonly pid: number;
  /** The line of its start. */
  readonly at: number;
  readonly jobId: string;
  /** The line of its end. */
  endedAt?: number;
  ok?: boolean;
  /** Whether its process knew that its end was stored. */
  isSettled?: true;
}

/** Jobs with a limit are named `<key>x<limit>-<any>`. */
const IS_LIMITED = /^[a-z]+\d+x\d+-/;

/**
 * Judges a ledger, by the order of its lines: the clocks of two processes may be some milliseconds
 * apart. Ticks, whose labels have an `@`, are counted elsewhere.
 */
export function checkMixed(all: readonly LedgerEvent[]): MixedVerdict {
  const events = all.filter((event) => !('label' in event) || !event.label.includes('@'));
  const [attempted, acked, excused] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const runs = new Map<string, Run[]>();
  const byName = new Map<string, Run>();
  const ids = new Map<string, Set<string>>();
  const steps = new Map<string, Set<string>>();
  const killed = new Set<number>();
  const latest = new Map<string, Run>();
  for (const [line, event] of events.entries()) {
    if (event.type === 'attempted') attempted.add(event.label);
    else if (event.type === 'acked') acked.add(event.label);
    else if (event.type === 'excused') excused.add(event.label);
    else if (event.type === 'started') {
      const run: Run = { pid: event.pid, at: line, jobId: event.jobId };
      latest.set(runKey(event), run);
      byName.set(event.run, run);
      listOf(runs, event.label).push(run);
      setOf(ids, event.label).add(event.jobId);
    } else if (event.type === 'ended') {
      Object.assign(byName.get(event.run)!, { endedAt: line, ok: event.ok });
    } else if (event.type === 'settled') {
      const run = latest.get(runKey(event));
      if (run !== undefined) run.isSettled = true;
    } else if (event.type === 'step') setOf(steps, `${event.label} ${event.step}`).add(event.value);
    else if (event.type === 'fault' && event.pid !== undefined) killed.add(event.pid);
  }
  const succeededAt = (label: string) =>
    Math.min(...(runs.get(label) ?? []).flatMap(({ ok, endedAt }) => (ok ? [endedAt!] : [])));
  // A handler ends before its end is stored: until then a kill brings the job back.
  const mayComeAgain = ({ pid, ok, isSettled }: Run): boolean =>
    ok === false || (killed.has(pid) && isSettled !== true);
  const ran = [...runs.keys()];
  return {
    acked: acked.size,
    excused: excused.size,
    runs: byName.size,
    lost: [...acked].filter((label) => !excused.has(label) && succeededAt(label) === Infinity),
    unexpected: ran.filter((label) => !attempted.has(label)),
    doubled: ran.filter((label) => !runs.get(label)!.slice(0, -1).every(mayComeAgain)),
    storedTwice: [...ids].flatMap(([label, known]) => (known.size > 1 ? [label] : [])),
    steppedTwice: [...steps].flatMap(([step, values]) => (values.size > 1 ? [step] : [])),
    early: ran.filter((label) => {
      const antecedent = label.replace(/^then\./, '');
      return antecedent !== label && runs.get(label)![0]!.at < startOf(antecedent, succeededAt);
    }),
    excess: checkTurns(
      events.filter((event) => !('label' in event) || IS_LIMITED.test(event.label)),
    ).excess,
  };
}

/** What follows several jobs is named by none of them. */
function startOf(antecedent: string, succeededAt: (label: string) => number): number {
  return IS_LIMITED.test(antecedent) ? succeededAt(antecedent) : 0;
}

function runKey({ pid, jobId, attempt }: { pid: number; jobId: string; attempt: number }): string {
  return `${pid} ${jobId} ${attempt}`;
}

function listOf(map: Map<string, Run[]>, key: string): Run[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}

function setOf(map: Map<string, Set<string>>, key: string): Set<string> {
  const set = map.get(key) ?? new Set();
  map.set(key, set);
  return set;
}
