import { describe } from 'vitest';

/**
 * Registers a suite. With an obstacle its tests are skipped, and the end of the run tells why: the
 * reason is in the suite's name.
 */
export function describeUnless(
  obstacle: string | undefined,
  title: string,
  suite: () => void,
): void {
  const note = obstacle === undefined ? '' : ` (skipped: ${obstacle})`;
  describe.skipIf(obstacle !== undefined)(`${title}${note}`, suite);
}
