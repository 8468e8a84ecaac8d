/** What a ticket is worth at a moment, as it is stored. @internal */
export const STATE = { parked: 0, reserved: 1, running: 2, away: 3 } as const;

/**
 * The lines of concurrency keys: a row for each ticket. `check_at` is when a turn is over, or when
 * the ticket is to be looked at.
 * @internal
 */
export const TURN_TABLES: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS coordination_turn (
     seq      INTEGER PRIMARY KEY AUTOINCREMENT,
     scope    TEXT NOT NULL,
     key      TEXT NOT NULL,
     queue    TEXT NOT NULL,
     job      TEXT NOT NULL,
     state    INTEGER NOT NULL,
     turns    INTEGER NOT NULL,
     run      TEXT,
     taken_at INTEGER NOT NULL,
     check_at INTEGER,
     UNIQUE (scope, key, queue, job)
   ) STRICT`,
  'CREATE INDEX IF NOT EXISTS coordination_turn_line ON coordination_turn (scope, key, state, seq)',
  `CREATE INDEX IF NOT EXISTS coordination_turn_check ON coordination_turn (scope, check_at)
     WHERE check_at IS NOT NULL`,
];

const { parked, reserved, running, away } = STATE;

/** The statements of the lines. @internal */
export const TURN_SQL = {
  /** scope, key, queue, job. */
  find: `SELECT seq, state, run FROM coordination_turn
    WHERE scope = ? AND key = ? AND queue = ? AND job = ?`,
  /** seq. */
  stateOf: 'SELECT state FROM coordination_turn WHERE seq = ?',
  /** scope, key, queue, job, limit, now. */
  append: `INSERT INTO coordination_turn (scope, key, queue, job, state, turns, taken_at)
    VALUES (?, ?, ?, ?, ${parked}, ?, ?)`,
  /** seq. */
  park: `UPDATE coordination_turn SET state = ${parked}, check_at = NULL, run = NULL WHERE seq = ?`,
  /** limit, check, seq. */
  reserve: `UPDATE coordination_turn SET state = ${reserved}, turns = ?, check_at = ? WHERE seq = ?`,
  /** limit, expiry, run, seq. */
  run: `UPDATE coordination_turn SET state = ${running}, turns = ?, check_at = ?, run = ? WHERE seq = ?`,
  /** check, seq. */
  leave: `UPDATE coordination_turn SET state = ${away}, check_at = ?, run = NULL WHERE seq = ?`,
  /** check, seq. */
  checkAgain: 'UPDATE coordination_turn SET check_at = ? WHERE seq = ?',
  /** seq. */
  remove: 'DELETE FROM coordination_turn WHERE seq = ?',
  /** scope, key. */
  held: `SELECT count(*) AS held FROM coordination_turn
    WHERE scope = ? AND key = ? AND state IN (${reserved}, ${running})`,
  /** scope, key, seq. */
  otherRuns: `SELECT count(*) AS held FROM coordination_turn
    WHERE scope = ? AND key = ? AND state = ${running} AND seq <> ?`,
  /** scope, key, count. */
  first: `SELECT seq, queue, job FROM coordination_turn
    WHERE scope = ? AND key = ? AND state = ${parked} ORDER BY seq LIMIT +?`,
  /** scope, now, count. */
  due: `SELECT seq, key, queue, job, state, turns, taken_at FROM coordination_turn
    WHERE scope = ? AND check_at <= ? ORDER BY check_at LIMIT +?`,
  /** seq, now. */
  stillDue: `SELECT seq, key, queue, job, state, turns, taken_at FROM coordination_turn
    WHERE seq = ? AND check_at <= ?`,
  /** scope. */
  nextCheck:
    'SELECT min(check_at) AS at FROM coordination_turn WHERE scope = ? AND check_at IS NOT NULL',
  /** scope, first key, key behind the last. */
  keys: `SELECT DISTINCT key FROM coordination_turn
    WHERE scope = ? AND key >= ? AND key < ? AND state <> ${parked}`,
} as const;
