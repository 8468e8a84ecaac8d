import {
  DEFAULT_BACKOFF,
  parseDuration,
  show,
  type BackoffFunction,
  type BackoffOptions,
} from '../options/index.js';

/**
 * The pause before the next attempt.
 *
 * Exponential backoff with equal jitter: of each pause, the part `jitter` is random. Without it,
 * jobs that failed together come back together. See "Exponential Backoff And Jitter", AWS
 * Architecture Blog, 2015. A fixed pause is one that somebody chose: it has jitter only where that
 * is asked for.
 * @param attempt the attempt that failed, 1 for the first
 * @param random from 0 to 1; a parameter so that tests can choose
 * @returns milliseconds, or undefined when a backoff function says to stop
 * @throws TypeError when a backoff function returns no duration, a promise for instance
 * @internal
 */
export function pauseBeforeRetry(
  backoff: BackoffOptions | BackoffFunction,
  attempt: number,
  error: Error,
  random: () => number = Math.random,
): number | undefined {
  if (typeof backoff === 'function') {
    const pause = backoff(attempt, error);
    if (pause === false) return undefined;
    const ms = parseDuration(pause);
    if (ms === undefined)
      throw new TypeError(`expected "backoff" to return a duration or false, got ${show(pause)}`);
    return ms;
  }
  if (backoff.type === 'delays') {
    const { delays } = backoff;
    return parseDuration(delays[Math.min(attempt, delays.length) - 1]) ?? DEFAULT_BACKOFF.delay;
  }
  const first = parseDuration(backoff.delay) ?? DEFAULT_BACKOFF.delay;
  const longest = parseDuration(backoff.maxDelay) ?? Math.max(first, DEFAULT_BACKOFF.maxDelay);
  const isExponential = backoff.type === 'exponential';
  const growth = isExponential ? 2 ** (attempt - 1) : 1;
  const pause = first === 0 ? 0 : Math.min(first * growth, longest);
  const jitter = backoff.jitter ?? (isExponential ? DEFAULT_BACKOFF.jitter : 0);
  return Math.round(pause * (1 - jitter * random()));
}
