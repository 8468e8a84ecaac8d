import type { LedgerEvent } from './ledger.js';

/** What a ledger says of concurrency keys. Labels are `<key>-<number>`, keys `<name>x<limit>`. */
export interface TurnVerdict {
  /**
   * The most runs of one key at once, beyond its limit; 0 when the limit held. Dead runs do not
   * count.
   */
  excess: number;
  /**
   * Labels that started before one of their key that was enqueued earlier. Runs again do not count.
   */
  outOfOrder: string[];
}

interface Run {
  readonly label: string;
  readonly pid: number;
}

/**
 * Judges the turns of each key by the order of the ledger's lines. A run of a killed process is
 * over with it.
 */
export function checkTurns(events: readonly LedgerEvent[]): TurnVerdict {
  const running = new Map<string, Map<string, Run>>();
  const latest = new Map<string, string>();
  const started = new Set<string>();
  const outOfOrder: string[] = [];
  let excess = 0;
  for (const event of events) {
    if (event.type === 'fault' && event.pid !== undefined) forget(running, event.pid);
    if (event.type !== 'started' && event.type !== 'ended') continue;
    const { label, run, pid } = event;
    const key = label.slice(0, label.lastIndexOf('-'));
    const runs = running.get(key) ?? new Map<string, Run>();
    running.set(key, runs);
    if (event.type === 'ended') {
      runs.delete(run);
      continue;
    }
    runs.set(run, { label, pid });
    excess = Math.max(excess, runs.size - Number(key.split('x')[1]));
    if (!started.has(label) && label < (latest.get(key) ?? '')) outOfOrder.push(label);
    if (label > (latest.get(key) ?? '')) latest.set(key, label);
    started.add(label);
  }
  return { excess, outOfOrder };
}

function forget(running: Map<string, Map<string, Run>>, pid: number): void {
  for (const runs of running.values()) {
    for (const [run, { pid: own }] of runs) if (own === pid) runs.delete(run);
  }
}
