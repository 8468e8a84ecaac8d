import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 100;
const TIMEOUT_MS = 10_000;

/**
 * Asks until the answer is what is waited for.
 * @throws Error when it does not come true in time
 */
export async function until<T>(look: () => Promise<T>, isTrue: (seen: T) => boolean): Promise<T> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const seen = await look();
    if (isTrue(seen)) return seen;
    if (Date.now() > deadline) {
      throw new Error(`expected it within ${TIMEOUT_MS} ms, got ${JSON.stringify(seen)}`);
    }
    await pause(POLL_MS);
  }
}
