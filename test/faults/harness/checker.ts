import type { LedgerEvent } from './ledger.js';

/** What a ledger proves, in the terms of Jepsen's queue and set checkers. Lists hold labels. */
export interface Verdict {
  attempted: number;
  acked: number;
  /** Attempts that were neither confirmed nor refused: their jobs may be stored or not. */
  uncertain: number;
  /** Acked, and no run of it ever succeeded. Must be empty. */
  lost: string[];
  /**
   * Ran although nobody tried to enqueue it, or although every attempt was refused. Must be empty.
   */
  unexpected: string[];
  /** Not acked, and ran all the same: allowed. */
  recovered: string[];
  /** Ran more than once. */
  duplicated: string[];
  /** Of those: a run followed one that no fault had touched. Must be empty. */
  unexcused: string[];
  /** Stored under more than one id: the same enqueue was stored twice. Must be empty. */
  storedTwice: string[];
  /** A run succeeded, and the store says failed. Must be empty. */
  successStoredAsFailed: string[];
  /**
   * The store says completed, and no run succeeded, or another run's value was stored. Must be
   * empty.
   */
  failureStoredAsSuccess: string[];
  /** Acked, and at the end neither completed nor failed. Must be empty. */
  unsettled: string[];
  /** Runs without an end when their process was killed. */
  inFlight: number;
  /** For each of those: from the kill to the next start of its job, ms. */
  recoveries: number[];
}

/** One call of a handler. */
interface Run {
  run: string;
  pid: number;
  startedAt: number;
  endedAt: number | undefined;
  ok: boolean;
}

type Fault = Extract<LedgerEvent, { type: 'fault' }>;

/**
 * A handler ends before its end is stored. So a run that ended this shortly before a fault may not
 * have been stored, and may come again.
 */
const SETTLE_GRACE_MS = 2_000;

/** Of each list in a message. */
const LABELS_SHOWN = 5;

/** Judges a ledger. Pure: a made-up list of events is as good as a real one. */
export function check(events: readonly LedgerEvent[]): Verdict {
  const history = read(events);
  const ran = [...history.runs.keys()];
  const acked = [...history.acked.keys()];
  const succeeded = (label: string) => history.runs.get(label)?.some(({ ok }) => ok) === true;
  const duplicated = ran.filter((label) => history.runs.get(label)!.length > 1);
  const stored = [...history.stored];
  return {
    attempted: history.attempted.size,
    acked: acked.length,
    uncertain: [...history.attempted].filter(
      (label) => !history.acked.has(label) && !history.refused.has(label),
    ).length,
    lost: acked.filter((label) => !succeeded(label)),
    unexpected: ran.filter((label) => !history.attempted.has(label) || history.onlyRefused(label)),
    recovered: ran.filter((label) => !history.acked.has(label) && history.attempted.has(label)),
    duplicated,
    unexcused: duplicated.filter((label) => !isExcused(history.runs.get(label)!, history.faults)),
    storedTwice: [...history.ids].filter(([, ids]) => ids.size > 1).map(([label]) => label),
    successStoredAsFailed: stored
      .filter(
        ([label, states]) => states.some(({ state }) => state === 'failed') && succeeded(label),
      )
      .map(([label]) => label),
    failureStoredAsSuccess: stored
      .filter(([label, states]) =>
        states.some(({ state, result }) => {
          if (state !== 'completed') return false;
          return !history.runs.get(label)?.some(({ ok, run }) => ok && run === result);
        }),
      )
      .map(([label]) => label),
    unsettled: acked.filter((label) =>
      history.stored.get(label)?.some(({ state }) => state !== 'completed' && state !== 'failed'),
    ),
    ...recoveriesOf(history.runs, history.faults),
  };
}

/** One line for each list that must be empty in every row and is not: `lost 12: job-3, job-7 …`. */
export function violations(verdict: Verdict): string[] {
  const { lost, unexpected, unexcused, storedTwice } = verdict;
  const { successStoredAsFailed, failureStoredAsSuccess, unsettled } = verdict;
  const lists = {
    lost,
    unexpected,
    unexcused,
    storedTwice,
    successStoredAsFailed,
    failureStoredAsSuccess,
    unsettled,
  };
  return Object.entries(lists).flatMap(([name, labels]) => {
    if (labels.length === 0) return [];
    const more = labels.length > LABELS_SHOWN ? ' …' : '';
    return [`${name} ${labels.length}: ${labels.slice(0, LABELS_SHOWN).join(', ')}${more}`];
  });
}

function read(events: readonly LedgerEvent[]) {
  const attempted = new Set<string>();
  const refused = new Map<string, number>();
  const attempts = new Map<string, number>();
  const acked = new Map<string, string>();
  const ids = new Map<string, Set<string>>();
  const runs = new Map<string, Run[]>();
  const byRun = new Map<string, Run>();
  const stored = new Map<string, { state: string; result?: unknown }[]>();
  const faults: Fault[] = [];
  const noteId = (label: string, id: string) => addTo(ids, label, () => new Set<string>()).add(id);
  for (const event of events) {
    switch (event.type) {
      case 'attempted':
        attempted.add(event.label);
        attempts.set(event.label, (attempts.get(event.label) ?? 0) + 1);
        break;
      case 'acked':
        acked.set(event.label, event.jobId);
        noteId(event.label, event.jobId);
        break;
      case 'refused':
        refused.set(event.label, (refused.get(event.label) ?? 0) + 1);
        break;
      case 'started': {
        const { run, pid, at: startedAt } = event;
        const started: Run = { run, pid, startedAt, endedAt: undefined, ok: false };
        byRun.set(run, started);
        addTo(runs, event.label, () => [] as Run[]).push(started);
        noteId(event.label, event.jobId);
        break;
      }
      case 'ended': {
        const ended = byRun.get(event.run);
        if (ended) Object.assign(ended, { endedAt: event.at, ok: event.ok });
        break;
      }
      case 'fault':
        faults.push(event);
        break;
      case 'stored':
        addTo(stored, event.label, () => [] as { state: string; result?: unknown }[]).push(event);
        break;
      default:
    }
  }
  // An attempt that was refused is not stored; only if none is left open may a run not happen.
  const onlyRefused = (label: string) =>
    !acked.has(label) && refused.has(label) && refused.get(label) === attempts.get(label);
  return { attempted, refused, acked, ids, runs, stored, faults, onlyRefused };
}

/** Every run but the last must have been in a faulty process, or under way in a faulty time. */
function isExcused(runs: readonly Run[], faults: readonly Fault[]): boolean {
  return runs
    .slice(0, -1)
    .every((run) => faults.some((fault) => touches(fault, run, SETTLE_GRACE_MS)));
}

function touches(fault: Fault, run: Run, graceMs: number): boolean {
  if (fault.pid !== undefined && fault.pid !== run.pid) return false;
  const end = run.endedAt ?? Number.POSITIVE_INFINITY;
  return run.startedAt <= fault.until && end >= fault.from - graceMs;
}

function recoveriesOf(
  runs: ReadonlyMap<string, readonly Run[]>,
  faults: readonly Fault[],
): Pick<Verdict, 'inFlight' | 'recoveries'> {
  const kills = new Map(
    faults.flatMap((fault) => (fault.kind === 'kill' ? [[fault.pid, fault.from] as const] : [])),
  );
  let inFlight = 0;
  const recoveries: number[] = [];
  for (const list of runs.values()) {
    for (const [index, { pid, endedAt }] of list.entries()) {
      const killedAt = kills.get(pid);
      if (killedAt === undefined || endedAt !== undefined) continue;
      inFlight++;
      const next = list[index + 1];
      if (next) recoveries.push(next.startedAt - killedAt);
    }
  }
  return { inFlight, recoveries };
}

function addTo<V>(map: Map<string, V>, key: string, create: () => V): V {
  const present = map.get(key);
  if (present !== undefined) return present;
  const created = create();
  map.set(key, created);
  return created;
}
