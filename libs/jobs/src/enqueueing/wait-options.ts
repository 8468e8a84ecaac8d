import { checkOptions, parseDuration, rules, type Duration, type Rules } from '../options/index.js';

/** How long something is waited for. @internal */
export interface WaitOptions {
  timeout?: Duration;
  signal?: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 60_000;

const RULES: Rules<WaitOptions> = {
  timeout: rules.duration,
  signal: {
    expected: 'an AbortSignal',
    accepts: (v) => typeof (v as Partial<AbortSignal> | null)?.throwIfAborted === 'function',
  },
};

/**
 * @param call words the call that waits: `result()`
 * @throws TypeError with every fault
 * @internal
 */
export function readWaitOptions(
  call: string,
  options: WaitOptions,
): { timeoutMs: number; signal: AbortSignal | undefined } {
  const problems = checkOptions(options, RULES, call);
  if (problems.length > 0) throw new TypeError(problems.join('; '));
  const { timeout = DEFAULT_TIMEOUT_MS, signal } = options;
  return { timeoutMs: parseDuration(timeout)!, signal };
}
