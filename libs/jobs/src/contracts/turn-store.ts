/**
 * A job in the line of a concurrency key. At most `limit` jobs of a key have a turn; the others are
 * parked, in the order of their tickets.
 * @internal
 */
export interface Ticket {
  /**
   * The concurrency key: the handler's stored name, `|`, what the handler's key function returned.
   */
  readonly key: string;
  readonly queue: string;
  readonly id: string;
}

/**
 * What happens to a ticket.
 *
 * - `take`: the job is to be stored. Takes a ticket, unless it has one, and a turn if one is free.
 * - `start`: the job was claimed, and is to run if it has a turn or gets one. The turn belongs to
 *   `run` from now on and is over after `ttlMs` unless renewed.
 * - `try`: as `start`, but without waiting: a job that gets no turn keeps no ticket.
 * - `renew`: the run goes on.
 * - `leave`: the run is over and the job comes again: its turn is free, its place in the line is
 *   kept.
 * - `end`: the run is over and so is the job; without `run`, the job was removed or never stored,
 *   which has no effect while a run has the turn.
 * - `advance`: nothing but what follows each step: turns that are free go to those who wait, whose
 *   jobs are made ready.
 * @internal
 */
export interface TurnStep extends Ticket {
  readonly action: 'take' | 'start' | 'try' | 'renew' | 'leave' | 'end' | 'advance';
  /** How many jobs of the key may have a turn now. */
  readonly limit: number;
  /**
   * Names the run of `start`, `renew`, `leave` and `end`: a run that is late does no harm to the
   * next one.
   */
  readonly run?: string;
  readonly ttlMs?: number;
}

/** A ticket whose time to be looked at has come, and since when it exists. @internal */
export interface DueTicket extends Ticket {
  /** `away`: the job has a place in the line, and is neither parked nor has a turn. */
  readonly state: 'reserved' | 'away';
  readonly ageMs: number;
  readonly limit: number;
}

/** What steps have brought about, beside making jobs ready to run whose turn has come. @internal */
export interface TurnChanges {
  /**
   * Jobs with a turn that could not be made ready, since they are not delayed: something is unusual
   * about them.
   */
  readonly toInspect: readonly Ticket[];
}

/** @internal */
export interface TurnReply extends TurnChanges {
  /** For each step whether the job has a turn after it. */
  readonly hasTurn: readonly boolean[];
}

/**
 * A ticket that a sweep could not deal with; it is looked at again after {@link LONGEST_CHECK_MS}.
 * @internal
 */
export interface FailedTicket extends Ticket {
  readonly error: unknown;
}

/** @internal */
export interface TurnSweep extends TurnChanges {
  readonly due: readonly DueTicket[];
  readonly failed: readonly FailedTicket[];
  /** In how many ms the next ticket is due; undefined when there is none. */
  readonly nextInMs: number | undefined;
}

/** Most turns that one step gives; those that are left are given by the next ones. @internal */
export const MOST_GIVEN = 1_000;

/**
 * A turn that a job has not used yet is looked at this soon, in ms: its promotion may have been
 * lost. @internal
 */
export const FIRST_CHECK_MS = 2_000;

/**
 * The pause between two looks at the same ticket grows with its age, up to this, in ms. @internal
 */
export const LONGEST_CHECK_MS = 300_000;

/** When a ticket that was looked at is to be looked at again, in whole ms. @internal */
export function nextCheckIn(ageMs: number): number {
  return Math.min(Math.max(Math.round(ageMs / 2), FIRST_CHECK_MS), LONGEST_CHECK_MS);
}

/**
 * The lines of all concurrency keys. One implementation for each engine; each step is atomic, and
 * expiry goes by the store's clock. A key that nobody waits for or works on takes no space.
 * @internal
 */
export interface TurnStore {
  /** Takes steps, in order. */
  apply(steps: readonly TurnStep[]): Promise<TurnReply>;
  /**
   * Frees turns whose runs were not renewed in time (their jobs are away from then on), and finds
   * other tickets that are to be looked at. Each is found by one process, until it is due again.
   * One that cannot be dealt with does not keep the sweep from the others.
   * @param limit most tickets of one call
   */
  sweep(limit: number): Promise<TurnSweep>;
  /**
   * Whether a job has a turn that it has not used, and no more were given than there may be now:
   * such a job can start before its step was taken. Only where a look costs no trip; it may say no
   * to a job that has a turn.
   */
  isReserved?(ticket: Ticket, limit: number): boolean;
  /** The keys that start with `prefix` and have at least one job that is not parked. */
  keys(prefix: string): Promise<readonly string[]>;
}
