import { RecordedCalls } from './call-source.js';
import type { Difference } from './compared-pair.js';
import type { Call, SideOptions } from './recorded-call.js';
import { type Arena, type RunResult, runSequence } from './sequence-runner.js';

/** Shrinking ends after this time with what it has got by then. */
const PATIENCE_MS = 30_000;

/**
 * The shortest run that it can find with the same kind of difference: it drops calls, many at a
 * time, then fewer, for as long as the difference stays (delta debugging).
 */
export async function shrink(
  arena: Arena,
  options: SideOptions,
  calls: readonly Call[],
): Promise<RunResult> {
  const end = performance.now() + PATIENCE_MS;
  // A look after each call tells which one was the first to make a difference.
  const located = await runSequence(arena, options, new RecordedCalls(calls), 1);
  if (located.differences.length === 0) return located;
  const kinds = new Set(located.differences.map(kindOf));
  let best = located;
  let size = Math.ceil(best.calls.length / 2);
  while (size >= 1 && performance.now() < end) {
    let dropped = false;
    // From the end: later calls depend on earlier ones.
    for (
      let start = best.calls.length - size;
      start > -size && performance.now() < end;
      start -= size
    ) {
      const kept = best.calls.filter((_, index) => index < start || index >= start + size);
      if (kept.length === best.calls.length || kept.length === 0) continue;
      const result = await runSequence(arena, options, new RecordedCalls(kept), kept.length + 1);
      if (!result.differences.some((difference) => kinds.has(kindOf(difference)))) continue;
      best = result;
      dropped = true;
    }
    if (size === 1 && !dropped) break;
    size = dropped && size === 1 ? 1 : Math.max(Math.floor(size / 2), 1);
  }
  return best;
}

/** A difference's kind, without ids: a shrunk run must fail in the same way, not in any way. */
function kindOf({ what }: Difference): string {
  if (what.startsWith('result of')) return what;
  const [, subject = what] = what.split(': ');
  return subject.replace(/(job|scheduler|deduplication) .*/, '$1');
}
