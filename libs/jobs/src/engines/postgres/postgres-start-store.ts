import type { StartRequest, StartStore } from '../../contracts/index.js';
import type { SharedPostgres } from './postgres-connection.js';
import { TURN_SQL as SQL } from './postgres-turn-scripts.js';

/**
 * The log of starts on PostgreSQL: see postgres-turn-scripts.ts.
 * @internal
 */
export class PostgresStartStore implements StartStore {
  constructor(private readonly postgres: SharedPostgres) {}

  async start(requests: readonly StartRequest[]): Promise<readonly number[]> {
    const { rows } = await this.postgres.query<{ wait_ms: number }>(SQL.starts, [
      requests.map(({ key }) => key),
      requests.map(({ job }) => job),
      requests.map(({ max }) => max),
      requests.map(({ perMs }) => perMs),
    ]);
    return rows.map(({ wait_ms: waitMs }) => Math.max(0, waitMs));
  }
}
