import { after, type Timer } from '../timers/index.js';

/**
 * How long whatever ends waits for its store, in ms: one that is gone must not hold up the exit.
 * @internal
 */
export const GOODBYE_MS = 1_000;

/**
 * Waits for a promise, but not longer than a deadline. What the promise does later is ignored.
 * @param onTimeout makes the error that is thrown when the time is over
 * @internal
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  timeoutMs: number,
  onTimeout: () => Error,
): Promise<T> {
  let timer: Timer | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = after(timeoutMs, () => reject(onTimeout()));
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    timer?.stop();
  }
}

/**
 * Waits for the end of something, but not longer than a time. Neither its failure nor the end of
 * the time is an error: for goodbyes to a store that may be gone.
 * @returns whether it ended in time
 * @internal
 */
export async function endsWithin(timeoutMs: number, promise: Promise<unknown>): Promise<boolean> {
  const tooLate = new Error('too late');
  try {
    await withDeadline(promise, timeoutMs, () => tooLate);
    return true;
  } catch (error) {
    return error !== tooLate;
  }
}
