import type {
  DueTicket,
  FailedTicket,
  Ticket,
  TurnReply,
  TurnStep,
  TurnStore,
  TurnSweep,
} from '../../contracts/index.js';
import type { SharedPostgres } from './postgres-connection.js';
import { TURN_SQL as SQL } from './postgres-turn-scripts.js';

interface StepRow {
  readonly step: number;
  readonly has_turn: boolean;
  readonly key: string;
  readonly queue: string;
  readonly job: string;
}

interface SweepRow {
  readonly state: number;
  readonly key: string;
  readonly queue: string;
  readonly job: string;
  readonly age_ms: number;
  readonly turns: number;
  readonly fault: string | null;
}

/**
 * The lines of concurrency keys on PostgreSQL: see postgres-turn-scripts.ts. Jobs that get a turn
 * are made ready to run in the same transaction.
 * @internal
 */
export class PostgresTurnStore implements TurnStore {
  constructor(private readonly postgres: SharedPostgres) {}

  async apply(steps: readonly TurnStep[]): Promise<TurnReply> {
    const { rows } = await this.postgres.query<StepRow>(SQL.steps, [
      steps.map(({ action }) => action),
      steps.map(({ key }) => key),
      steps.map(({ queue }) => queue),
      steps.map(({ id }) => id),
      steps.map(({ limit }) => limit),
      steps.map(({ run }) => run ?? null),
      steps.map(({ ttlMs }) => ttlMs ?? 0),
    ]);
    const hasTurn: boolean[] = [];
    const toInspect: Ticket[] = [];
    for (const row of rows) {
      if (row.step === 0) toInspect.push(ticketOf(row));
      else hasTurn[row.step - 1] = row.has_turn;
    }
    return { hasTurn, toInspect };
  }

  async sweep(limit: number): Promise<TurnSweep> {
    const { rows } = await this.postgres.query<SweepRow>(SQL.sweep, [limit]);
    const { rows: next } = await this.postgres.query<{ wait: number | null }>(SQL.nextCheck);
    const wait = next[0]?.wait ?? undefined;
    return {
      due: rows.filter(({ state }) => state > 0).map(dueOf),
      toInspect: rows.filter(({ state }) => state === 0).map(ticketOf),
      failed: rows.filter(({ state }) => state < 0).map(failedOf),
      nextInMs: wait === undefined ? undefined : Math.max(0, Math.ceil(wait)),
    };
  }

  async keys(prefix: string): Promise<readonly string[]> {
    const { rows } = await this.postgres.query<{ key: string }>(SQL.keys, [prefix]);
    return rows.map(({ key }) => key);
  }
}

function ticketOf({ key, queue, job }: Pick<StepRow, 'key' | 'queue' | 'job'>): Ticket {
  return { key, queue, id: job };
}

function failedOf(row: SweepRow): FailedTicket {
  return { ...ticketOf(row), error: new Error(row.fault ?? 'unknown error') };
}

function dueOf(row: SweepRow): DueTicket {
  const state = row.state === 1 ? 'reserved' : 'away';
  return { ...ticketOf(row), state, ageMs: row.age_ms, limit: row.turns };
}
