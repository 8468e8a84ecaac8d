import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { DatabaseSync } from 'node:sqlite';
import { isInTransaction } from '../driver/older-node.js';
import { machineNow } from '../timers/index.js';

/** Processes may read the machine's clock this far apart, in ms. */
const TOLERANCE_MS = 1_000;

const READ = 'SELECT boot, base, noted FROM clock';
const SET = 'INSERT OR REPLACE INTO clock (id, boot, base, noted) VALUES (1, ?, ?, ?)';

/** Of a file whose rows somebody has removed. */
const NO_CLOCK: ClockRow = { boot: '', base: 0, noted: 0 };

interface ClockRow {
  boot: string;
  base: number;
  noted: number;
}

/**
 * Sees to it that the file's steady clock goes on.
 *
 * Locks, leases, limits and whatever else lasts for a time end by this clock, in all processes. The
 * wall clock is of no use for that: it can be set while jobs run, and each process would take those
 * of the others for abandoned, or not know an abandoned one for hours. The machine's monotonic
 * clock is the same in all of its processes and is never set, but it begins anew when the machine
 * starts. So the file keeps by how much the two differ (`base`), and on another start, or another
 * machine, chooses that anew: the clock goes on from the time of the wall clock, or from what it
 * was last known to have said (`noted`) if that is later. It never goes back; what a dead process
 * held runs out.
 *
 * Where the machine was asleep, the clock falls behind the wall clock, which is right for locks:
 * who held them slept, too.
 */
export function windClock(database: DatabaseSync): void {
  const boot = bootOf();
  if (isGood(read(database), boot)) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    const clock = read(database);
    if (!isGood(clock, boot)) {
      const now = Math.max(Date.now(), clock.noted);
      database.prepare(SET).run(boot, now - Math.floor(machineNow()), now);
    }
    database.exec('COMMIT');
  } catch (error) {
    if (isInTransaction(database)) database.exec('ROLLBACK');
    throw error;
  }
}

function read(database: DatabaseSync): ClockRow {
  return (database.prepare(READ).get() as ClockRow | undefined) ?? NO_CLOCK;
}

/**
 * The number of the boot is not known everywhere: then a clock that went back tells of another one.
 */
function isGood({ boot, base, noted }: ClockRow, now: string): boolean {
  return boot === now && machineNow() + base > noted - TOLERANCE_MS;
}

function bootOf(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return hostname();
  }
}
