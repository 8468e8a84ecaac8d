/**
 * Starts of rate-limited jobs (`job` is null: each counts), and moments promised to jobs that came
 * too early.
 * @internal
 */
export const START_TABLES: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS coordination_start (
     seq        INTEGER PRIMARY KEY AUTOINCREMENT,
     scope      TEXT NOT NULL,
     key        TEXT NOT NULL,
     job        TEXT,
     at         INTEGER NOT NULL,
     expires_at INTEGER NOT NULL
   ) STRICT`,
  'CREATE INDEX IF NOT EXISTS coordination_start_by_key ON coordination_start (scope, key, at)',
  `CREATE INDEX IF NOT EXISTS coordination_start_promise ON coordination_start (scope, key, job)
     WHERE job IS NOT NULL`,
  'CREATE INDEX IF NOT EXISTS coordination_start_expiry ON coordination_start (expires_at)',
];

/** The statements of the log of starts. @internal */
export const START_SQL = {
  /** scope, key, the end of the window before. */
  forget: 'DELETE FROM coordination_start WHERE scope = ? AND key = ? AND at <= ?',
  /** scope, key, job. */
  promise: 'SELECT seq, at FROM coordination_start WHERE scope = ? AND key = ? AND job = ?',
  /** seq. */
  takeBack: 'DELETE FROM coordination_start WHERE seq = ?',
  /** scope, key, how many are later. */
  edge: `SELECT at FROM coordination_start WHERE scope = ? AND key = ?
    ORDER BY at DESC LIMIT 1 OFFSET +?`,
  /** scope, key, how many are later. */
  startedEdge: `SELECT at FROM coordination_start WHERE scope = ? AND key = ? AND job IS NULL
    ORDER BY at DESC LIMIT 1 OFFSET +?`,
  /** scope, key, job or null, time, expiry. */
  note: 'INSERT INTO coordination_start (scope, key, job, at, expires_at) VALUES (?, ?, ?, ?, ?)',
  /** now. */
  sweep: `DELETE FROM coordination_start WHERE seq IN (
    SELECT seq FROM coordination_start WHERE expires_at <= ? LIMIT 1000)`,
} as const;
