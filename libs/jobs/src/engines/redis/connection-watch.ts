import type { Redis } from 'ioredis';
import { every } from '../../timers/index.js';

const PING_INTERVAL_MS = 5_000;

/** After this many intervals without an answer the connection is given up. */
const LONGEST_SILENCE = 3;

/**
 * Notices a connection whose peer vanished without closing it, and connects anew: commands that
 * wait for an answer are sent again. ioredis' own `socketTimeout` does the same, but sets a timer
 * for each reply, which costs a busy worker about a tenth of its time.
 *
 * Silence is counted in intervals, not in time: a process that was itself stopped for a while finds
 * the answer waiting.
 * @returns stops watching
 * @internal
 */
export function watchConnection(client: Redis): () => void {
  let silence = 0;
  const answered = (): void => void (silence = 0);
  const timer = every(PING_INTERVAL_MS, () => {
    if (client.status !== 'ready') return answered();
    if (silence === 0) client.ping().then(answered, answered);
    silence += 1;
    if (silence <= LONGEST_SILENCE) return;
    answered();
    client.disconnect(true);
  }).unref();
  return () => timer.stop();
}
