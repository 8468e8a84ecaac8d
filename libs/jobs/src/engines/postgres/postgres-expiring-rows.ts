import type { ExpiringRows } from '../../contracts/index.js';
import type { SharedPostgres } from './postgres-connection.js';
import { SQL } from './postgres-scripts.js';
import { TURN_SQL } from './postgres-turn-scripts.js';

const SWEEPS = { values: SQL.sweepKeys, permits: SQL.sweepPermits, starts: TURN_SQL.sweepStarts };

/** What expires in the coordination store's tables. @internal */
export function postgresExpiringRows(postgres: SharedPostgres): readonly ExpiringRows[] {
  return Object.entries(SWEEPS).map(([name, statement]) => ({
    name,
    free: async () => ((await postgres.query(statement)).rowCount ?? 0) > 0,
  }));
}
