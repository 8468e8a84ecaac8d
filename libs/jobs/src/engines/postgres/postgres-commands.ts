import { PostgresQueueBackend } from 'bullmq';
import { cleanText, HOLDS, REPLACED } from './postgres-race-scripts.js';
import { withoutUnstorable, withoutUnstorableJson } from './unstorable-text.js';

/** How one of BullMQ's statements is changed before it is sent. Positions count from 0. */
interface CommandRule {
  /** Parameters that hold a time of this process's clock. */
  readonly clock?: readonly number[];
  /** A parameter with jobs as JSON, each with a `timestamp` of this process's clock. */
  readonly entries?: number;
  /** Parameters with text that a handler produced. */
  readonly text?: readonly number[];
  /** Parameters with JSON that a handler produced. */
  readonly json?: readonly number[];
  /**
   * Only when its parameters are such, it is called after what `HOLDS` names. Always when absent.
   */
  readonly heldWhen?: (params: readonly unknown[]) => boolean;
  /** Refuse it when the lock has expired; the lock's token is the third parameter. */
  readonly fenced?: true;
  /** May take long on a large queue. */
  readonly slow?: true;
}

const RULES: Readonly<Record<string, CommandRule>> = {
  // What stands alone is no other's child and replaces nobody.
  add_job: { clock: [7], heldWhen: (params) => params[10] != null || params[12] != null },
  add_jobs_bulk: { entries: 1 },
  add_flow: { entries: 0 },
  add_job_scheduler: { clock: [7] },
  update_job_scheduler: { clock: [5] },
  move_to_active: { clock: [3] },
  move_to_completed: { clock: [4], json: [3], fenced: true },
  move_to_completed_fetch: { clock: [4, 9], json: [3], fenced: true },
  move_to_failed: { clock: [5], text: [3], json: [4], fenced: true },
  move_to_failed_fetch: { clock: [5, 10], text: [3], json: [4], fenced: true },
  move_to_delayed: { clock: [3], text: [6], json: [7], fenced: true },
  retry_job: { text: [4], json: [5], fenced: true },
  move_active_to_wait: { clock: [3] },
  move_stalled_jobs_to_wait: { clock: [2] },
  extend_lock: { clock: [4], fenced: true },
  // A lock that has run out, and that nobody has taken since, is its holder's again: the token says
  // whose it is.
  extend_locks: { clock: [4] },
  change_delay: { clock: [3] },
  next_signal: { clock: [2] },
  get_rate_limit_ttl: { clock: [2] },
  set_rate_limit: { clock: [2] },
  remove_child_dependency: { clock: [3] },
  remove_deduplication_key: { clock: [3] },
  get_deduplication_job_id: { clock: [2] },
  get_delayed_count: { clock: [1] },
  collect_metrics: { clock: [3] },
  update_progress: { json: [2] },
  add_log: { text: [2] },
  clean: { clock: [2], slow: true },
  retry_jobs: { clock: [3], slow: true },
  promote_jobs: { slow: true },
  drain: { slow: true },
  obliterate: { slow: true },
  remove: { slow: true },
};

const NO_RULE: CommandRule = {};

/** Commands that are refused when the lock has expired. @internal */
export const FENCED_COMMANDS: ReadonlySet<string> = new Set(
  Object.keys(RULES).filter((command) => RULES[command]?.fenced),
);

/**
 * Commands that are changed on their way, and at which places they have a time of this process's
 * clock. @internal
 */
export function changedCommands(): ReadonlyMap<string, readonly number[]> {
  return new Map(Object.entries(RULES).map(([command, { clock = [] }]) => [command, clock]));
}

/** A statement ready to be sent. */
export interface Statement {
  readonly text: string;
  readonly params: readonly unknown[];
  readonly slow: boolean;
}

/**
 * Turns a command of BullMQ's into a statement.
 *
 * Times cross from the process's clock to the store's here: whether a lock has expired, a job is
 * due or a job has stalled is then judged by one clock for the whole fleet.
 * @param offset what to add to this process's time to get the store's
 * @internal
 */
export function statementOf(
  command: string,
  params: readonly unknown[],
  offset: number,
): Statement {
  const rule = RULES[command] ?? NO_RULE;
  const slow = rule.slow === true;
  const text = textOf(command, params, rule);
  if (rule === NO_RULE || params.length === 0) return { text, params, slow };
  const edited = [...params];
  if (offset !== 0) shiftTimes(edited, rule, offset);
  for (const i of rule.text ?? []) edited[i] = withoutUnstorable(edited[i]);
  for (const i of rule.json ?? []) edited[i] = withoutUnstorableJson(edited[i]);
  if (!rule.fenced) return { text, params: edited, slow };
  edited.push(Date.now() + offset);
  return { text: fencedTextOf(command, edited.length), params: edited, slow };
}

/**
 * Brings the times in a result back to the process's clock: BullMQ's worker compares them with
 * `Date.now()` to renew locks and to decide how long to sleep.
 * @internal
 */
export function localTimes(command: string, rows: readonly Row[], offset: number): void {
  if (offset === 0) return;
  const column = TIME_COLUMNS[command];
  if (column === undefined) return;
  for (const row of rows) {
    if (row[column] != null) row[column] = String(Number(row[column]) - offset);
  }
}

type Row = Record<string, unknown>;

const TIME_COLUMNS: Readonly<Record<string, string>> = {
  move_to_active: 'processed_at_ms',
  move_to_completed_fetch: 'processed_at_ms',
  move_to_failed_fetch: 'processed_at_ms',
  next_signal: 'next_delay',
  next_delay: 'next_delay',
};

function shiftTimes(params: unknown[], rule: CommandRule, offset: number): void {
  for (const i of rule.clock ?? []) {
    if (typeof params[i] === 'number') params[i] += offset;
  }
  if (rule.entries === undefined) return;
  const entries = JSON.parse(params[rule.entries] as string) as { timestamp: number }[];
  for (const entry of entries) entry.timestamp += offset;
  params[rule.entries] = JSON.stringify(entries);
}

const texts = new Map<string, string>();
const heldTexts = new Map<string, string>();
const fencedTexts = new Map<string, string>();

function textOf(command: string, params: readonly unknown[], { heldWhen }: CommandRule): string {
  if (command === 'clean') return cleanText(String(params[1]));
  if (REPLACED[command] !== undefined) return REPLACED[command];
  const hold = HOLDS[command];
  if (hold === undefined || heldWhen?.(params) === false) return plainTextOf(command);
  let text = heldTexts.get(command);
  if (text === undefined) {
    text = heldText(plainTextOf(command), hold);
    heldTexts.set(command, text);
  }
  return text;
}

/** A CASE runs its condition first, and a function its arguments. */
function heldText(text: string, hold: string): string {
  return text.replace(/\$1(?!\d)(?:::\w+)?/, (first) => `CASE WHEN ${hold} THEN ${first} END`);
}

function plainTextOf(command: string): string {
  let text = texts.get(command);
  if (text === undefined) {
    text = readText(command);
    texts.set(command, text);
  }
  return text;
}

/**
 * The SQL of a command. BullMQ does not export it, but hands it to the backend's `query`: here to
 * one that returns it.
 * @internal
 */
export function readText(command: string, { prototype } = PostgresQueueBackend): string {
  const reader = { query: (sql: string): string => sql };
  const text = prototype['run'].call(reader, command, []) as unknown as string;
  return text.replaceAll(/^\s*--.*$/gm, '').trim();
}

/**
 * The SQL of a command that changes a job whose lock must not have expired. BullMQ compares the
 * lock's token alone, which a worker that slept past its lock still has. The token is replaced by
 * one that never matches when the lock's time is over: no statement more, one look-up by primary
 * key.
 */
function fencedTextOf(command: string, now: number): string {
  let text = fencedTexts.get(command);
  if (text === undefined) {
    const plain = plainTextOf(command);
    text = fenceOne(plain, now);
    fencedTexts.set(command, text);
  }
  return text;
}

function fenceOne(text: string, now: number): string {
  const expired = `(SELECT locked_until_ms FROM job WHERE queue = $1 AND id = $2) < $${now}::bigint`;
  return text.replace(
    /\$3(?!\d)/,
    `CASE WHEN $3::text <> '0' AND ${expired} THEN '' ELSE $3::text END`,
  );
}
