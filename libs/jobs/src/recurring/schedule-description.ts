import type { RecurringRun } from '../contracts/index.js';
import { CronExpression, describeCron } from '../timing/cron/index.js';
import type { RecurringJob } from './recurring-job.js';
import {
  emptyUntil,
  goOn,
  tickIn,
  type Search,
  type TickSource,
  type Timing,
} from '../timing/ticks/index.js';
import type { Schedule } from './schedule.js';
import type { TickSources } from './tick-sources.js';

const NEXT_TICKS = 5;

/** A stored recurring job as users see it. @internal */
export function describeSchedule(
  schedule: Schedule,
  sources: TickSources,
  now: number,
  lastRun: RecurringRun | undefined,
): RecurringJob {
  const { id, timing, call, source, progress } = schedule;
  const { cron, everyMs, timeZone = 'UTC', ...settings } = timing;
  const words = wordsOf(schedule, sources, now);
  return {
    id,
    name: call.name,
    queue: call.queue,
    recurrence: cron ?? `every ${everyMs} ms`,
    description: words.description,
    timeZone,
    settings,
    source,
    state: words.state,
    next: words.state === 'active' ? words.ticks : [],
    searchedUntil: words.state === 'searching' ? words.searchedUntil : undefined,
    lastRun,
    runs: progress.runs,
    misfires: progress.misfires,
    skips: progress.skips,
  };
}

/** One that this process cannot read must not hide the others. */
function wordsOf(
  schedule: Schedule,
  sources: TickSources,
  now: number,
): { description: string; state: RecurringJob['state']; ticks: Date[]; searchedUntil?: Date } {
  try {
    const ticks: Date[] = [];
    const source = sources.of(schedule);
    const after = Math.max(now, schedule.progress.cursor);
    const search = collect(ticks, source, schedule, after);
    // One that is not at its end by then may find more: calendars may exclude a long time.
    const isSearching = goOn(search) === undefined && ticks.length === 0;
    const description = describeTiming(schedule.id, schedule.timing);
    const state = stateOf(schedule, isSearching, ticks.length > 0);
    return { description, state, ticks, searchedUntil: new Date(emptyUntil(source, after)) };
  } catch (error) {
    const description = error instanceof Error ? error.message : String(error);
    return { description, state: 'unreadable', ticks: [] };
  }
}

function stateOf(
  { paused, timing }: Schedule,
  isSearching: boolean,
  hasTicks: boolean,
): RecurringJob['state'] {
  if (timing.enabled === false) return 'disabled';
  if (!hasTicks && !isSearching) return 'ended';
  if (paused) return 'paused';
  return isSearching ? 'searching' : 'active';
}

function* collect(
  ticks: Date[],
  source: TickSource,
  { timing, progress }: Schedule,
  after: number,
): Search<void> {
  const left = (timing.limit ?? Infinity) - progress.runs;
  let last = after;
  while (ticks.length < Math.min(NEXT_TICKS, left)) {
    const tick = yield* tickIn(source, last, Infinity);
    if (tick === undefined) return;
    ticks.push(new Date(tick));
    last = tick;
  }
}

function describeTiming(id: string, { cron, everyMs = 0, timeZone, dialect }: Timing): string {
  if (cron === undefined) return `Every ${describeMs(everyMs)}`;
  const options = {
    id,
    now: 0,
    ...(timeZone !== undefined && { timeZone }),
    ...(dialect !== undefined && { dialect }),
  };
  return describeCron(CronExpression.parse(cron, options));
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

function describeMs(ms: number): string {
  const [unit, size] = UNITS.find(([, length]) => ms % length === 0) ?? ['millisecond', 1];
  const count = ms / size;
  return count === 1 ? unit : `${count} ${unit}s`;
}
