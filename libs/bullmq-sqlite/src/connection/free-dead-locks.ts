import type { DatabaseSync } from 'node:sqlite';
import { mayBeAlive } from './live-process.js';

/** Clients say that they live every 20 s: one that did so later than now did so by another clock. In ms. */
const MOST_AHEAD_MS = 2_000;

/**
 * Ends the locks of processes that are gone, when the clock was set back since: by the clock of now, the jobs of a
 * killed process would be its own for as long as the clock went back.
 */
export function freeDeadLocks(database: DatabaseSync): void {
  const clients = database
    .prepare('SELECT host, process, seen_at FROM client')
    .all() as unknown as {
    host: string;
    process: number;
    seen_at: number;
  }[];
  const isAhead = clients.some(({ seen_at: seenAt }) => seenAt > Date.now() + MOST_AHEAD_MS);
  // This process has only just begun: whoever had its number is gone.
  const lives = ({ host, process: pid }: (typeof clients)[number]): boolean =>
    pid !== process.pid && mayBeAlive(host, pid);
  if (!isAhead || clients.some(lives)) return;
  database.exec(`BEGIN IMMEDIATE;
    UPDATE job SET lock_until = 0 WHERE seq IN (
      SELECT job.seq FROM queue JOIN job ON job.queue = queue.id AND job.state = 'active');
    UPDATE queue SET stalled_check_until = 0;
    DELETE FROM client;
    COMMIT`);
}
