import type { Transaction } from 'bullmq-sqlite';
import {
  FIRST_CHECK_MS,
  LONGEST_CHECK_MS,
  MOST_GIVEN,
  nextCheckIn,
  type DueTicket,
  type FailedTicket,
  type Ticket,
  type TurnReply,
  type TurnStep,
  type TurnStore,
  type TurnSweep,
} from '../../contracts/index.js';
import type { SharedSqlite } from './sqlite-connection.js';
import { STATE, TURN_SQL as SQL } from './sqlite-turn-scripts.js';

/** What a loss of power takes back is a turn that expires, or one that is taken again. */
const UNSYNCED = { synced: false };

/** Behind every key that starts with a prefix: the last character of Unicode. */
const LAST_CHARACTER = '\u{10FFFF}';

/** A ticket as it is stored. */
interface Row {
  readonly seq: number;
  readonly state: number;
  readonly run: string | null;
}

interface DueRow {
  readonly seq: number;
  readonly key: string;
  readonly queue: string;
  readonly job: string;
  readonly state: number;
  readonly turns: number;
  readonly taken_at: number;
}

/**
 * The lines of concurrency keys on SQLite: a row for each ticket, changed in the same group commits
 * as the jobs.
 * @internal
 */
export class SqliteTurnStore implements TurnStore {
  constructor(private readonly sqlite: SharedSqlite) {}

  apply(steps: readonly TurnStep[]): Promise<TurnReply> {
    return this.sqlite.write((tx) => {
      const lines = new Lines(tx, this.sqlite);
      const hasTurn = steps.map((step) => lines.take(step));
      return { hasTurn, toInspect: lines.unready };
    }, UNSYNCED);
  }

  async sweep(limit: number): Promise<TurnSweep> {
    const { prefix } = this.sqlite;
    // Most sweeps find nothing: they need not wait for the file.
    const rows = await this.sqlite.read((tx) =>
      tx.all<DueRow>(SQL.due, prefix, tx.steadyNow(), limit),
    );
    const due: DueTicket[] = [];
    const toInspect: Ticket[] = [];
    const failed: FailedTicket[] = [];
    const looks = rows.map(async (row) => {
      try {
        const found = await this.lookAt(row);
        due.push(...found.due);
        toInspect.push(...found.toInspect);
      } catch (error) {
        failed.push({ ...ticketOf(row), error });
        await this.lookLater(row);
      }
    });
    await Promise.all(looks);
    const nextInMs = await this.sqlite.read((tx) => nextCheckInMs(tx, prefix));
    return { due, toInspect, failed, nextInMs };
  }

  /**
   * In an operation of its own: those of a sweep share a commit, and one that fails is rolled back
   * alone.
   */
  private lookAt({ seq }: DueRow): Promise<{ due: DueTicket[]; toInspect: readonly Ticket[] }> {
    return this.sqlite.write((tx) => {
      const lines = new Lines(tx, this.sqlite);
      return { due: lines.lookAt(seq), toInspect: lines.unready };
    }, UNSYNCED);
  }

  private async lookLater({ seq }: DueRow): Promise<void> {
    const checkAgain = (tx: Transaction): unknown =>
      tx.runKeepingReady(SQL.checkAgain, tx.steadyNow() + LONGEST_CHECK_MS, seq);
    await this.sqlite
      .write(checkAgain, UNSYNCED)
      // What cannot be written at all is told of as it is.
      .catch(() => undefined);
  }

  isReserved({ key, queue, id }: Ticket, limit: number): boolean {
    const { prefix } = this.sqlite;
    const isReserved = this.sqlite.readNow((tx) => {
      const row = tx.get<Row>(SQL.find, prefix, key, queue, id);
      if (row?.state !== STATE.reserved) return false;
      return tx.get<{ held: number }>(SQL.held, prefix, key)!.held <= limit;
    });
    return isReserved === true;
  }

  async keys(prefix: string): Promise<readonly string[]> {
    const rows = await this.sqlite.read((tx) =>
      tx.all<{ key: string }>(SQL.keys, this.sqlite.prefix, prefix, prefix + LAST_CHARACTER),
    );
    return rows.map(({ key }) => key);
  }
}

/** Steps within one transaction. */
class Lines {
  /** Who has got a turn, and could not be made ready. */
  readonly unready: Ticket[] = [];
  private readonly scope: string;
  private readonly now: number;

  constructor(
    private readonly tx: Transaction,
    private readonly sqlite: SharedSqlite,
  ) {
    this.scope = sqlite.prefix;
    this.now = tx.steadyNow();
  }

  /** @returns whether the job has a turn after the step */
  take(step: TurnStep): boolean {
    const { action, key, queue, id } = step;
    if (action === 'advance') return this.advance(step);
    const row = this.tx.get<Row>(SQL.find, this.scope, key, queue, id);
    if (action === 'take' || action === 'start' || action === 'try') {
      const seq = this.stand(step, row);
      if (row === undefined || !isTurn(row)) this.advance(step);
      return action === 'take' ? this.hasTurn(seq) : this.start(step, seq);
    }
    if (row === undefined) return false;
    const isMine = row.state !== STATE.running || row.run === step.run;
    if (action === 'renew') {
      if (isMine) this.run(step, row.seq);
      return isMine;
    }
    if (!isMine) return true;
    if (action === 'end') this.tx.runKeepingReady(SQL.remove, row.seq);
    else if (row.state !== STATE.parked)
      this.tx.runKeepingReady(SQL.leave, this.now + FIRST_CHECK_MS, row.seq);
    this.advance(step);
    return false;
  }

  /**
   * Frees a turn that is over; or tells of another ticket that is to be looked at, unless somebody
   * did meanwhile.
   */
  lookAt(seq: number): DueTicket[] {
    const row = this.tx.get<DueRow>(SQL.stillDue, seq, this.now);
    if (row === undefined) return [];
    const ticket = ticketOf(row);
    const limit = row.turns;
    if (row.state === STATE.running) {
      this.tx.runKeepingReady(SQL.leave, this.now + FIRST_CHECK_MS, seq);
      this.advance({ ...ticket, limit });
      return [];
    }
    const ageMs = this.now - row.taken_at;
    this.tx.runKeepingReady(SQL.checkAgain, this.now + nextCheckIn(ageMs), seq);
    return [{ ...ticket, state: row.state === STATE.reserved ? 'reserved' : 'away', ageMs, limit }];
  }

  /** The job's place in the line; a new one is the last. */
  private stand({ key, queue, id, limit }: TurnStep, row: Row | undefined): number {
    if (row === undefined) {
      this.tx.runKeepingReady(SQL.append, this.scope, key, queue, id, limit, this.now);
      return this.tx.get<Row>(SQL.find, this.scope, key, queue, id)!.seq;
    }
    if (row.state === STATE.away) this.tx.runKeepingReady(SQL.park, row.seq);
    return row.seq;
  }

  private start(step: TurnStep, seq: number): boolean {
    const { key, limit } = step;
    const isFull = (): boolean => this.count(SQL.held, key) > limit;
    if (this.hasTurn(seq)) {
      // More turns were given than there may be by now: those that run already count.
      if (!isFull() || this.count(SQL.otherRuns, key, seq) < limit) {
        this.run(step, seq);
        return true;
      }
      this.tx.runKeepingReady(SQL.park, seq);
    }
    if (step.action === 'try') this.tx.runKeepingReady(SQL.remove, seq);
    return false;
  }

  private run({ limit, ttlMs = 0, run = '' }: TurnStep, seq: number): void {
    this.tx.runKeepingReady(SQL.run, limit, this.now + Math.ceil(ttlMs), run, seq);
  }

  private hasTurn(seq: number): boolean {
    const row = this.tx.get<{ state: number }>(SQL.stateOf, seq);
    return row !== undefined && isTurn(row);
  }

  /** Gives free turns to those who wait. */
  private advance({ key, queue, id, limit }: Pick<TurnStep, keyof Ticket | 'limit'>): boolean {
    const free = Math.min(limit - this.count(SQL.held, key), MOST_GIVEN);
    if (free <= 0) return false;
    type Parked = { seq: number; queue: string; job: string };
    for (const next of this.tx.all<Parked>(SQL.first, this.scope, key, free)) {
      this.tx.runKeepingReady(SQL.reserve, limit, this.now + FIRST_CHECK_MS, next.seq);
      if (next.queue === queue && next.job === id) continue;
      if (!this.sqlite.promote(this.tx, next.queue, next.job))
        this.unready.push({ key, queue: next.queue, id: next.job });
    }
    return false;
  }

  private count(statement: string, key: string, ...rest: number[]): number {
    return this.tx.get<{ held: number }>(statement, this.scope, key, ...rest)!.held;
  }
}

function isTurn({ state }: Pick<Row, 'state'>): boolean {
  return state === STATE.reserved || state === STATE.running;
}

function nextCheckInMs(tx: Transaction, scope: string): number | undefined {
  const at = tx.get<{ at: number | null }>(SQL.nextCheck, scope)?.at ?? undefined;
  return at === undefined ? undefined : Math.max(0, at - tx.steadyNow());
}

function ticketOf({ key, queue, job: id }: DueRow): Ticket {
  return { key, queue, id };
}
