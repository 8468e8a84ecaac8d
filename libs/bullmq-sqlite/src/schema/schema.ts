/**
 * Every version of the file's tables, oldest first: version N is what `SCHEMA[0..N-1]` make
 * together. A released entry is never edited; a change is a new entry at the end.
 *
 * `job.rank` orders the jobs inside one state, the smallest first to run:
 * - waiting: a position; a job pushed to the front gets a negative one
 * - active: a position, in order of claiming
 * - prioritized: priority * 2^32 + counter
 * - delayed: due time in ms * 4096 + counter
 * - waiting-children, completed, failed: the time it got there, in ms
 * A job without a state is an orphan: stored, but in no list.
 *
 * `job.seq` is never given out twice: a sweep in many steps tells by it which jobs were added after
 * its start.
 */
export const SCHEMA: readonly string[] = [
  `
  CREATE TABLE queue (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    last_job_id INTEGER NOT NULL DEFAULT 0,
    last_position INTEGER NOT NULL DEFAULT 0,
    last_priority INTEGER NOT NULL DEFAULT 0,
    first_event INTEGER NOT NULL DEFAULT 1,
    last_event INTEGER NOT NULL DEFAULT 0,
    waiting INTEGER NOT NULL DEFAULT 0,
    prioritized INTEGER NOT NULL DEFAULT 0,
    delayed INTEGER NOT NULL DEFAULT 0,
    active INTEGER NOT NULL DEFAULT 0,
    waiting_children INTEGER NOT NULL DEFAULT 0,
    completed INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    limiter_count INTEGER NOT NULL DEFAULT 0,
    limiter_until INTEGER NOT NULL DEFAULT 0,
    stalled_check_until INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE queue_meta (
    queue INTEGER NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (queue, field)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE job (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    queue INTEGER NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    data TEXT NOT NULL,
    opts TEXT NOT NULL,
    state TEXT,
    rank INTEGER,
    timestamp INTEGER NOT NULL,
    delay INTEGER NOT NULL DEFAULT 0,
    priority INTEGER NOT NULL DEFAULT 0,
    attempts_made INTEGER NOT NULL DEFAULT 0,
    attempts_started INTEGER NOT NULL DEFAULT 0,
    stalled_count INTEGER NOT NULL DEFAULT 0,
    processed_on INTEGER,
    finished_on INTEGER,
    processed_by TEXT,
    progress TEXT,
    return_value TEXT,
    failed_reason TEXT,
    stacktrace TEXT,
    deferred_failure TEXT,
    parent_key TEXT,
    parent TEXT,
    scheduler_id TEXT,
    deduplication_id TEXT,
    lock_token TEXT,
    lock_until INTEGER NOT NULL DEFAULT 0,
    maybe_stalled INTEGER NOT NULL DEFAULT 0,
    has_logs INTEGER NOT NULL DEFAULT 0,
    has_children INTEGER NOT NULL DEFAULT 0,
    UNIQUE (queue, id)
  ) STRICT;
  CREATE INDEX job_by_state ON job (queue, state, rank, id);

  CREATE TABLE job_log (
    job INTEGER NOT NULL,
    line INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (job, line)
  ) STRICT, WITHOUT ROWID;

  -- A child of a flow, as its parent sees it. kind: pending, processed, ignored, failed.
  CREATE TABLE dependency (
    parent INTEGER NOT NULL,
    kind TEXT NOT NULL,
    child_key TEXT NOT NULL,
    value TEXT,
    rank INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (parent, kind, child_key)
  ) STRICT, WITHOUT ROWID;

  -- A job takes its logs and dependencies along. The flags spare all others the search for them, which
  -- foreign keys would cost each removal.
  CREATE TRIGGER job_log_added AFTER INSERT ON job_log BEGIN
    UPDATE job SET has_logs = 1 WHERE seq = new.job AND has_logs = 0;
  END;
  CREATE TRIGGER dependency_added AFTER INSERT ON dependency BEGIN
    UPDATE job SET has_children = 1 WHERE seq = new.parent AND has_children = 0;
  END;
  CREATE TRIGGER job_removed AFTER DELETE ON job WHEN old.has_logs = 1 OR old.has_children = 1 BEGIN
    DELETE FROM job_log WHERE job = old.seq;
    DELETE FROM dependency WHERE parent = old.seq;
  END;

  -- job_id: who holds the id, null for nobody. expires_at: ms, null for never. next: the job to add when the
  -- one that holds the id has finished.
  CREATE TABLE deduplication (
    queue INTEGER NOT NULL,
    id TEXT NOT NULL,
    job_id TEXT,
    expires_at INTEGER,
    next TEXT,
    PRIMARY KEY (queue, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX deduplication_by_expiry ON deduplication (queue, expires_at) WHERE expires_at IS NOT NULL;

  -- fields: BullMQ's description of the schedule, a JSON object of strings.
  CREATE TABLE scheduler (
    queue INTEGER NOT NULL,
    id TEXT NOT NULL,
    next_run INTEGER,
    fields TEXT NOT NULL,
    PRIMARY KEY (queue, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX scheduler_by_next_run ON scheduler (queue, next_run, id);

  -- The events of one commit: entries is a JSON array of [name, job id, other fields]; last_id numbers the
  -- last of them, and the others count back from it.
  CREATE TABLE event (
    queue INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    entries TEXT NOT NULL,
    PRIMARY KEY (queue, last_id)
  ) STRICT, WITHOUT ROWID;

  -- kind: completed or failed. points: how many there are, one for each minute; the newest has the number
  -- newest_point, and those without a row are 0.
  CREATE TABLE metric (
    queue INTEGER NOT NULL,
    kind TEXT NOT NULL,
    count INTEGER NOT NULL DEFAULT 0,
    previous_timestamp INTEGER,
    previous_count INTEGER,
    points INTEGER NOT NULL DEFAULT 0,
    newest_point INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (queue, kind)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE metric_point (
    queue INTEGER NOT NULL,
    kind TEXT NOT NULL,
    number INTEGER NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (queue, kind, number)
  ) STRICT, WITHOUT ROWID;

  -- Who has this file open as a worker or an events listener, for getWorkers().
  CREATE TABLE client (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    process INTEGER NOT NULL,
    connected_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- The number of the newest message of a relay: see nextMessageId().
  CREATE TABLE relay_counter (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    last_message INTEGER NOT NULL
  ) STRICT;
  INSERT INTO relay_counter VALUES (1, 0);

  -- A node of a relay. Ids are never given out twice, since rows of a removed node can stay for a while.
  -- fetched: the newest message that its reader got; a message up to it is not lost when it is trimmed.
  -- unread: rows in the inbox. backlog: the same, when it was last trimmed.
  -- reader_*: the process that reads the inbox, null when nobody does.
  CREATE TABLE relay_node (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    info TEXT NOT NULL,
    registered_at INTEGER NOT NULL,
    heartbeat_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    inbox_limit INTEGER NOT NULL,
    fetched INTEGER NOT NULL DEFAULT 0,
    unread INTEGER NOT NULL DEFAULT 0,
    backlog INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0,
    reader_host TEXT,
    reader_process INTEGER,
    reader_since INTEGER,
    UNIQUE (namespace, name)
  ) STRICT;

  -- root: of a pattern with wildcards its first segment, '*' when that is one itself; null for an exact topic.
  CREATE TABLE relay_subscription (
    node INTEGER NOT NULL,
    endpoint TEXT NOT NULL,
    pattern TEXT NOT NULL,
    namespace TEXT NOT NULL,
    root TEXT,
    PRIMARY KEY (node, endpoint, pattern)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX relay_subscription_by_pattern ON relay_subscription (namespace, pattern);
  CREATE INDEX relay_subscription_by_root ON relay_subscription (namespace, root, pattern)
    WHERE root IS NOT NULL;

  -- endpoints: those of the node that get the message, with commas between them.
  CREATE TABLE relay_inbox (
    node INTEGER NOT NULL,
    message INTEGER NOT NULL,
    topic TEXT NOT NULL,
    ts REAL NOT NULL,
    data TEXT NOT NULL,
    endpoints TEXT NOT NULL,
    PRIMARY KEY (node, message)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE relay_retained (
    namespace TEXT NOT NULL,
    topic TEXT NOT NULL,
    message INTEGER NOT NULL,
    ts REAL NOT NULL,
    data TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, topic)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX relay_retained_by_expiry ON relay_retained (expires_at);

  -- Nodes that are gone, and whose subscriptions and inbox are still to be deleted, in portions.
  CREATE TABLE relay_removed_node (
    node INTEGER PRIMARY KEY
  ) STRICT;
  `,
  `
  -- The file's steady clock: see steady-clock.ts. What it says is the machine's monotonic clock + base, in ms.
  -- boot: the run of the machine that it is good for. noted: what it said not long ago.
  CREATE TABLE clock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    boot TEXT NOT NULL,
    base INTEGER NOT NULL,
    noted INTEGER NOT NULL
  ) STRICT;
  INSERT INTO clock SELECT 1, '', 0, coalesce(max(seen_at), 0) FROM client;
  `,
  `
  -- Of a delayed job that pauses: when that is over by the file's steady clock, in ms, should it not be due before.
  ALTER TABLE job ADD COLUMN pauses_until INTEGER;
  CREATE INDEX job_by_pause ON job (queue, pauses_until) WHERE state = 'delayed' AND pauses_until IS NOT NULL;
  `,
];

/**
 * Versions that only add to the one before, so that a process which does not know them goes on with
 * the file. After any other, a process that does not know it would do harm, and the file is refused
 * there.
 */
export const ONLY_ADD: ReadonlySet<number> = new Set();
