import { Inject, Injectable } from '@nestjs/common';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { createTickSource, type TickSource } from '../timing/ticks/index.js';
import { isEqual, type Schedule } from './schedule.js';

/** So many are kept; then it begins anew. */
const MOST_KEPT = 10_000;

type Origin = Pick<Schedule, 'id' | 'timing' | 'definedAt'>;

/**
 * The ticks of the stored recurring jobs. Those with calendars are kept, since they remember what
 * was searched: whoever asks next, the ticker or `get()`, goes on from there.
 * @internal
 */
@Injectable()
export class TickSources {
  private readonly kept = new Map<string, { origin: Origin; source: TickSource }>();

  constructor(@Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions) {}

  /** @throws an Error when it cannot be read here, or needs a calendar that this process has not */
  of({ id, timing, definedAt }: Schedule): TickSource {
    const origin = { id, timing, definedAt };
    const { calendars } = this.options;
    const missing = (timing.calendars ?? []).filter((name) => !calendars.has(name));
    if (missing.length > 0) {
      throw new Error(`expected the calendars ${missing.join(', ')} in forRoot({ calendars })`);
    }
    if (timing.calendars === undefined) return createTickSource(timing, { ...origin, calendars });
    const known = this.kept.get(id);
    if (known !== undefined && isEqual(known.origin, origin)) return known.source;
    const source = createTickSource(timing, { ...origin, calendars });
    if (this.kept.size >= MOST_KEPT) this.kept.clear();
    this.kept.set(id, { origin, source });
    return source;
  }
}
