import type { RecurringRun } from '../contracts/index.js';
import { CronExpression, describeCron } from '../cron/index.js';
import type { Calendar } from '../options/index.js';
import type { RecurringJob } from '../scheduling/index.js';
import { createTickSource, type Timing } from '../ticks/index.js';
import type { Schedule } from './schedule.js';

const NEXT_TICKS = 5;

/** A stored recurring job as users see it. @internal */
export function describeSchedule(
  schedule: Schedule,
  calendars: ReadonlyMap<string, Calendar>,
  now: number,
  lastRun: RecurringRun | undefined,
): RecurringJob {
  const { id, timing, call, source, progress } = schedule;
  const { cron, everyMs, timeZone = 'UTC', ...settings } = timing;
  const words = wordsOf(schedule, calendars, now);
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
    lastRun,
    runs: progress.runs,
    misfires: progress.misfires,
    skips: progress.skips,
  };
}

/** One that this process cannot read must not hide the others. */
function wordsOf(
  schedule: Schedule,
  calendars: ReadonlyMap<string, Calendar>,
  now: number,
): { description: string; state: RecurringJob['state']; ticks: Date[] } {
  try {
    const ticks = ticksToCome(schedule, calendars, now);
    const description = describeTiming(schedule.id, schedule.timing);
    return { description, state: stateOf(schedule, ticks.length > 0), ticks };
  } catch (error) {
    const description = error instanceof Error ? error.message : String(error);
    return { description, state: 'unreadable', ticks: [] };
  }
}

function stateOf({ paused, timing }: Schedule, hasTicks: boolean): RecurringJob['state'] {
  if (timing.enabled === false) return 'disabled';
  if (!hasTicks) return 'ended';
  return paused ? 'paused' : 'active';
}

function ticksToCome(
  { id, timing, definedAt, progress }: Schedule,
  calendars: ReadonlyMap<string, Calendar>,
  now: number,
): Date[] {
  const source = createTickSource(timing, { id, definedAt, calendars });
  const left = (timing.limit ?? Infinity) - progress.runs;
  const ticks: Date[] = [];
  let tick = source.next(Math.max(now, progress.cursor));
  while (tick !== undefined && ticks.length < Math.min(NEXT_TICKS, left)) {
    ticks.push(new Date(tick));
    tick = source.next(tick);
  }
  return ticks;
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
