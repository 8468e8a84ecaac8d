import type { ExpiringRows } from '../../contracts/index.js';
import type { SharedSqlite } from './sqlite-connection.js';
import { SQL } from './sqlite-scripts.js';
import { START_SQL } from './sqlite-start-scripts.js';

const SWEEPS = {
  values: SQL.sweepValues,
  permits: SQL.sweepPermits,
  messages: SQL.sweepMessages,
  starts: START_SQL.sweep,
};

/** What expires in the coordination store's tables. @internal */
export function sqliteExpiringRows(sqlite: SharedSqlite): readonly ExpiringRows[] {
  return Object.entries(SWEEPS).map(([name, statement]) => ({
    name,
    free: async () => {
      const freed = await sqlite.write((tx) => tx.runKeepingReady(statement, tx.steadyNow()), {
        synced: false,
      });
      return freed > 0;
    },
  }));
}
