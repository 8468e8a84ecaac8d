import { START_TABLES } from './sqlite-start-scripts.js';
import { TURN_TABLES } from './sqlite-turn-scripts.js';

/**
 * Tables of the coordination store, beside the queues' own. `scope` is the `prefix` of forRoot();
 * times are those of the file's steady clock, in ms.
 * @internal
 */
export const COORDINATION_TABLES: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS coordination_value (
     scope      TEXT NOT NULL,
     key        TEXT NOT NULL,
     value      TEXT NOT NULL,
     expires_at INTEGER,
     PRIMARY KEY (scope, key)
   ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS coordination_value_expiry ON coordination_value (expires_at)
     WHERE expires_at IS NOT NULL`,
  `CREATE TABLE IF NOT EXISTS coordination_permit (
     scope      TEXT NOT NULL,
     name       TEXT NOT NULL,
     holder     TEXT NOT NULL,
     expires_at INTEGER NOT NULL,
     PRIMARY KEY (scope, name, holder)
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX IF NOT EXISTS coordination_permit_expiry ON coordination_permit (expires_at)',
  `CREATE TABLE IF NOT EXISTS coordination_message (
     seq        INTEGER PRIMARY KEY AUTOINCREMENT,
     scope      TEXT NOT NULL,
     channel    TEXT NOT NULL,
     message    TEXT NOT NULL,
     expires_at INTEGER NOT NULL
   ) STRICT`,
  'CREATE INDEX IF NOT EXISTS coordination_message_expiry ON coordination_message (expires_at)',
  ...TURN_TABLES,
  ...START_TABLES,
];

const SET = `INSERT INTO coordination_value (scope, key, value, expires_at) VALUES (?, ?, ?, ?)
  ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`;
const LIVE = '(expires_at IS NULL OR expires_at > ?)';

/** The statements of the coordination store. @internal */
export const SQL = {
  /** scope, key, now. */
  get: `SELECT value FROM coordination_value WHERE scope = ? AND key = ? AND ${LIVE}`,
  /** scope, key, value, expiry. */
  set: SET,
  /** scope, key, value, expiry, now. */
  setIfAbsent: `${SET} WHERE coordination_value.expires_at <= ?`,
  /** value, expiry, scope, key, expected value, now. */
  setIfEqual: `UPDATE coordination_value SET value = ?, expires_at = ?
    WHERE scope = ? AND key = ? AND value = ? AND ${LIVE}`,
  /** scope, key, now. */
  delete: `DELETE FROM coordination_value WHERE scope = ? AND key = ? AND ${LIVE}`,
  /** scope, key, expected value, now. */
  deleteIfEqual: `DELETE FROM coordination_value WHERE scope = ? AND key = ? AND value = ? AND ${LIVE}`,
  /** scope, first key, key behind the last, now. */
  entries: `SELECT key, value FROM coordination_value WHERE scope = ? AND key >= ? AND key < ?
    AND ${LIVE} ORDER BY key`,

  /** scope, name, now. */
  expirePermits: 'DELETE FROM coordination_permit WHERE scope = ? AND name = ? AND expires_at <= ?',
  /** expiry, scope, name, holder. */
  renewPermit:
    'UPDATE coordination_permit SET expires_at = ? WHERE scope = ? AND name = ? AND holder = ?',
  /** scope, name, holder, expiry, scope, name, limit. */
  takePermit: `INSERT INTO coordination_permit (scope, name, holder, expires_at)
    SELECT ?, ?, ?, ?
    WHERE (SELECT count(*) FROM coordination_permit WHERE scope = ? AND name = ?) < ?`,
  /** scope, name, holder. */
  releasePermit: 'DELETE FROM coordination_permit WHERE scope = ? AND name = ? AND holder = ?',

  /** scope, channel, message, expiry. */
  publish:
    'INSERT INTO coordination_message (scope, channel, message, expires_at) VALUES (?, ?, ?, ?)',
  /** scope, seq. */
  messagesAfter: `SELECT seq, channel, message FROM coordination_message
    WHERE seq > ? AND scope = ? ORDER BY seq`,
  lastMessage: 'SELECT coalesce(max(seq), 0) AS seq FROM coordination_message',

  /** Each: now. Some of what has expired: reads do not see it, this frees the space. */
  sweepMessages: `DELETE FROM coordination_message WHERE seq IN (
    SELECT seq FROM coordination_message WHERE expires_at <= ? LIMIT 100)`,
  sweepValues: `DELETE FROM coordination_value WHERE (scope, key) IN (
    SELECT scope, key FROM coordination_value WHERE expires_at <= ? LIMIT 1000)`,
  sweepPermits: `DELETE FROM coordination_permit WHERE (scope, name, holder) IN (
    SELECT scope, name, holder FROM coordination_permit WHERE expires_at <= ? LIMIT 1000)`,
} as const;
