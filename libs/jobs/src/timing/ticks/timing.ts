import { CronExpression, usualDialect, type CronDialect } from '../cron/index.js';
import {
  checkOptions,
  parseDuration,
  rules,
  show,
  type Duration,
  type MisfirePolicy,
  type OverlapPolicy,
  type Recurrence,
  type RecurrenceSettings,
  type Rule,
  type Rules,
} from '../../options/index.js';

/**
 * When a recurring job is due, as it is stored: what is not the default, durations and times in ms.
 * @internal
 */
export interface Timing {
  readonly cron?: string;
  /** Of each cron expression: what it was read as stays, whatever is the default one day. */
  readonly dialect?: CronDialect;
  readonly everyMs?: number;
  readonly timeZone?: string;
  readonly misfire?: MisfirePolicy;
  readonly misfireThresholdMs?: number;
  readonly misfireLimit?: number;
  readonly overlap?: OverlapPolicy;
  readonly calendars?: readonly string[];
  readonly startAt?: number;
  readonly endAt?: number;
  readonly limit?: number;
  readonly jitterMs?: number;
  readonly enabled?: false;
}

const KNOWN: Readonly<Record<keyof Timing, true>> = {
  cron: true,
  dialect: true,
  everyMs: true,
  timeZone: true,
  misfire: true,
  misfireThresholdMs: true,
  misfireLimit: true,
  overlap: true,
  calendars: true,
  startAt: true,
  endAt: true,
  limit: true,
  jitterMs: true,
  enabled: true,
};

/**
 * Whether a stored timing is the same as a new one, as far as this version knows what is stored.
 * @internal
 */
export function isSameTiming(stored: Timing, other: Timing): boolean {
  const known = Object.entries(stored).filter(([name]) => Object.hasOwn(KNOWN, name));
  return JSON.stringify(Object.fromEntries(known)) === JSON.stringify(other);
}

/** What a timing leaves out. @internal */
export const TIMING_DEFAULTS = {
  misfire: 'fire-once',
  misfireThresholdMs: 60_000,
  misfireLimit: 1_000,
  overlap: 'skip',
} as const satisfies Timing;

/** What `timeZone` is, when it is left out. */
const DEFAULT_ZONE = 'UTC';

const oneOf = (...words: readonly string[]): Rule => ({
  expected: words.map((word) => `'${word}'`).join(' or '),
  accepts: (value) => words.includes(value as string),
});

/** The rules of `RecurrenceSettings`. @internal */
export const SETTING_RULES: Rules<RecurrenceSettings> = {
  timeZone: {
    expected: "the IANA name of a time zone, such as 'Europe/Berlin'",
    accepts: (v) => typeof v === 'string' && v !== '',
  },
  dialect: rules.cronDialect,
  misfire: oneOf('fire-once', 'skip', 'fire-all'),
  misfireThreshold: rules.positiveDuration,
  misfireLimit: rules.positiveInteger,
  overlap: oneOf('skip', 'queue', 'allow'),
  calendars: {
    expected: 'a list of names of calendars',
    accepts: (v) => Array.isArray(v) && v.every((name) => typeof name === 'string'),
  },
  startAt: rules.date,
  endAt: rules.date,
  limit: rules.positiveInteger,
  jitter: rules.duration,
  enabled: rules.boolean,
};

/** What a timing is read for. @internal */
export interface TimingContext {
  /** The recurring job's id, which `H` in a cron expression is derived from. */
  readonly id: string;
  /** What each message starts with. */
  readonly where: string;
  /** The calendars that there are. */
  readonly calendars: ReadonlySet<string>;
  /** Of six and seven fields for which the settings have none. */
  readonly dialect: CronDialect | undefined;
}

/**
 * Checks a recurrence with its settings, and brings both into their stored form.
 * @returns the timing, or every fault in words
 * @internal
 */
export function readTiming(
  recurrence: Recurrence,
  settings: RecurrenceSettings,
  context: TimingContext,
): { timing: Timing } | { problems: readonly string[] } {
  const { where } = context;
  const problems = checkOptions(settings, SETTING_RULES, where);
  if (problems.length > 0) return { problems };
  const dialect =
    typeof recurrence === 'string' ? readCron(recurrence, settings, context, problems) : undefined;
  problems.push(
    ...(typeof recurrence === 'string' ? [] : intervalFaults(recurrence, where)),
    ...(settings.calendars ?? [])
      .filter((name) => !context.calendars.has(name))
      .map((name) => `${where}: "calendars" names "${name}", which forRoot({ calendars }) has not`),
  );
  const { startAt, endAt } = settings;
  if (startAt && endAt && endAt < startAt) {
    problems.push(`${where}: expected "endAt" not before "startAt", got ${endAt.toISOString()}`);
  }
  return problems.length > 0 ? { problems } : { timing: toTiming(recurrence, settings, dialect) };
}

/**
 * A stored timing of a time when the dialect was not stored with it: as it was read then. @internal
 */
export function withDialect(timing: Timing): Timing {
  const { cron, timeZone, ...rest } = timing;
  if (cron === undefined || timing.dialect !== undefined) return timing;
  // In the order of a new one, with which it is compared.
  const zone = timeZone === undefined ? {} : { timeZone };
  return { cron, ...zone, dialect: usualDialect(cron), ...rest };
}

function intervalFaults(recurrence: unknown, where: string): string[] {
  const isObject = recurrence !== null && typeof recurrence === 'object';
  const got = isObject ? (recurrence as { every?: unknown }).every : recurrence;
  const { accepts, expected } = rules.positiveDuration;
  if (isObject && accepts(got)) return [];
  return [`${where}: expected a cron expression or { every: ${expected} }, got ${show(got)}`];
}

/** @returns the dialect that it is read in */
function readCron(
  text: string,
  { timeZone, dialect }: RecurrenceSettings,
  { id, where, dialect: ofSixFields }: TimingContext,
  problems: string[],
): CronDialect | undefined {
  // Five fields are Unix to everybody.
  const told = dialect ?? (usualDialect(text) === 'quartz' ? ofSixFields : undefined);
  try {
    // One that is over by now is refused, unless its time has not begun.
    return CronExpression.parse(text, {
      id,
      ...(timeZone !== undefined && { timeZone }),
      ...(told !== undefined && { dialect: told }),
    }).dialect;
  } catch (error) {
    problems.push(`${where}: ${(error as Error).message}`);
    return undefined;
  }
}

function toTiming(
  recurrence: Recurrence,
  settings: RecurrenceSettings,
  dialect: CronDialect | undefined,
): Timing {
  const { timeZone, misfire, misfireLimit, overlap, calendars, limit } = settings;
  const isCron = typeof recurrence === 'string';
  const timing = {
    cron: isCron ? recurrence : undefined,
    everyMs: isCron ? undefined : parseDuration(recurrence.every),
    timeZone: isCron && timeZone !== DEFAULT_ZONE ? timeZone : undefined,
    dialect,
    misfire,
    misfireThresholdMs: toMs(settings.misfireThreshold),
    misfireLimit,
    overlap,
    calendars: calendars?.length ? calendars : undefined,
    startAt: settings.startAt?.getTime(),
    endAt: settings.endAt?.getTime(),
    limit,
    jitterMs: toMs(settings.jitter) || undefined,
    enabled: settings.enabled === false ? false : undefined,
  };
  // As JSON has it, so that a stored timing and a new one can be compared; and a default that is
  // written out is no other timing than one that is left out, for which the recurring job would
  // start afresh.
  return JSON.parse(JSON.stringify(timing, withoutDefault)) as Timing;
}

function withoutDefault(name: string, value: unknown): unknown {
  return value === (TIMING_DEFAULTS as Timing)[name as keyof Timing] ? undefined : value;
}

function toMs(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : parseDuration(duration);
}
