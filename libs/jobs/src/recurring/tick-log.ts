import { Injectable } from '@nestjs/common';
import { JobLogger, messages } from '../logging/index.js';
import { TIMING_DEFAULTS, type Timing, type TickProgress } from '../timing/ticks/index.js';
import { monotonicNow } from '../timers/index.js';

/** Skipped ticks of a recurring job are told of at most this often: each second may have one. */
const SKIPS_TOLD_MS = 60_000;

/** Says which ticks of recurring jobs were not run, or not in time. @internal */
@Injectable()
export class TickLog {
  /** By recurring job: when its skips were told of, and how many were not told of since. */
  private readonly skips = new Map<string, { toldAt: number; untold: number }>();

  constructor(private readonly logger: JobLogger) {}

  tell(
    { id, timing, progress: before }: { id: string; timing: Timing; progress: TickProgress },
    after: TickProgress,
  ): void {
    const missed = after.misfires - before.misfires;
    const { misfire = TIMING_DEFAULTS.misfire } = timing;
    const runs = after.runs - before.runs;
    if (missed > 0) this.logger.warn(messages.misfires(id, missed, runs, misfire));
    const skipped = after.skips - before.skips;
    if (skipped > 0) this.tellSkips(id, skipped);
  }

  private tellSkips(id: string, skipped: number): void {
    const now = monotonicNow();
    const last = this.skips.get(id) ?? { toldAt: -Infinity, untold: 0 };
    const count = last.untold + skipped;
    if (now - last.toldAt < SKIPS_TOLD_MS) {
      this.skips.set(id, { ...last, untold: count });
      return;
    }
    this.skips.set(id, { toldAt: now, untold: 0 });
    this.logger.warn(messages.ticksSkipped(id, count));
  }
}
