import type { StartRequest, StartStore } from '../../contracts/index.js';
import type { SharedPostgres } from './postgres-connection.js';
import { TURN_SQL as SQL } from './postgres-turn-scripts.js';

/** Starts of a key that is idle are forgotten by whoever starts a job of any key, at most this often, in ms. */
const SWEEP_INTERVAL_MS = 10_000;

/**
 * The log of starts on PostgreSQL: see postgres-turn-scripts.ts.
 * @internal
 */
export class PostgresStartStore implements StartStore {
  private sweptAt = 0;

  constructor(private readonly postgres: SharedPostgres) {}

  async start(requests: readonly StartRequest[]): Promise<readonly number[]> {
    this.sweepNowAndThen();
    const { rows } = await this.postgres.query<{ wait_ms: number }>(SQL.starts, [
      requests.map(({ key }) => key),
      requests.map(({ job }) => job),
      requests.map(({ max }) => max),
      requests.map(({ perMs }) => perMs),
    ]);
    return rows.map(({ wait_ms: waitMs }) => Math.max(0, waitMs));
  }

  private sweepNowAndThen(): void {
    if (performance.now() - this.sweptAt < SWEEP_INTERVAL_MS) return;
    this.sweptAt = performance.now();
    // The next one will do.
    void this.postgres.query(SQL.sweepStarts).catch(() => undefined);
  }
}
