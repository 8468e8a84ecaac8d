import type { ContextCarrier } from '../options/index.js';
import { restoreValue } from '../payload/index.js';

/**
 * Calls a handler within what `context.capture()` returned when its job was enqueued.
 * @param stored in its stored form
 * @throws TypeError when `restore()` does not call the handler: such a job must not be taken for a
 *   success
 * @internal
 */
export function withinCarried(
  carrier: ContextCarrier,
  stored: unknown,
  call: () => unknown,
): unknown {
  let wasCalled = false;
  const returned = carrier.restore(restoreValue(stored), () => {
    wasCalled = true;
    return call();
  });
  if (!wasCalled)
    throw new TypeError('context.restore() must call its second argument, and did not');
  return returned;
}
