import { RACE_MIGRATION } from './postgres-race-scripts.js';
import { TURN_MIGRATION } from './postgres-turn-scripts.js';

/**
 * Tables of the coordination store, beside BullMQ's own. Append, never edit: each entry is one
 * schema version. Keys have the collation "C", so that listings by prefix use the primary key.
 * @internal
 */
export const COORDINATION_MIGRATIONS: readonly string[] = [
  `CREATE TABLE jobs_kv (
     key        text COLLATE "C" PRIMARY KEY,
     value      text NOT NULL,
     expires_at timestamptz
   );
   CREATE INDEX jobs_kv_expiry ON jobs_kv (expires_at) WHERE expires_at IS NOT NULL;

   CREATE TABLE jobs_permit (
     name       text COLLATE "C" NOT NULL,
     holder     text NOT NULL,
     expires_at timestamptz NOT NULL,
     PRIMARY KEY (name, holder)
   );
   CREATE INDEX jobs_permit_expiry ON jobs_permit (expires_at);

   -- A lock per name makes counting and taking one step: two takers never see the same free permit.
   CREATE FUNCTION jobs_acquire_permit(p_name text, p_holder text, p_limit integer, p_ttl_ms float8)
   RETURNS boolean
   LANGUAGE plpgsql
   SET search_path FROM CURRENT
   AS $$
   DECLARE
     v_expires timestamptz := clock_timestamp() + p_ttl_ms * interval '1 millisecond';
   BEGIN
     PERFORM pg_advisory_xact_lock(hashtext('nestjs-jobs:permit'), hashtext(p_name));
     DELETE FROM jobs_permit WHERE name = p_name AND expires_at <= clock_timestamp();
     UPDATE jobs_permit SET expires_at = v_expires WHERE name = p_name AND holder = p_holder;
     IF FOUND THEN
       RETURN true;
     END IF;
     IF (SELECT count(*) FROM jobs_permit WHERE name = p_name) >= p_limit THEN
       RETURN false;
     END IF;
     INSERT INTO jobs_permit (name, holder, expires_at) VALUES (p_name, p_holder, v_expires);
     RETURN true;
   END;
   $$;`,
  TURN_MIGRATION,
  RACE_MIGRATION,
];

const LIVE = '(expires_at IS NULL OR expires_at > clock_timestamp())';
const EXPIRES = `clock_timestamp() + $3::float8 * interval '1 millisecond'`;

/** The statements of the coordination store. Time is the server's. @internal */
export const SQL = {
  get: `SELECT value FROM jobs_kv WHERE key = $1 AND ${LIVE}`,
  /** $1 key, $2 value, $3 ttl in ms or NULL. */
  set: `INSERT INTO jobs_kv (key, value, expires_at) VALUES ($1, $2, ${EXPIRES})
        ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, expires_at = EXCLUDED.expires_at`,
  setIfAbsent: `INSERT INTO jobs_kv (key, value, expires_at) VALUES ($1, $2, ${EXPIRES})
        ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, expires_at = EXCLUDED.expires_at
        WHERE jobs_kv.expires_at <= clock_timestamp()`,
  /** As above, $4 the value that is expected. */
  setIfEqual: `UPDATE jobs_kv SET value = $2, expires_at = ${EXPIRES}
        WHERE key = $1 AND value = $4 AND ${LIVE}`,
  delete: `DELETE FROM jobs_kv WHERE key = $1 AND ${LIVE}`,
  deleteIfEqual: `DELETE FROM jobs_kv WHERE key = $1 AND value = $2 AND ${LIVE}`,
  entries: `SELECT key, value FROM jobs_kv WHERE key ^@ $1 AND ${LIVE} ORDER BY key`,
  acquirePermit: 'SELECT jobs_acquire_permit($1, $2, $3, $4) AS held',
  /** Whether it was live decides the answer; an expired one goes as well. */
  releasePermit: `DELETE FROM jobs_permit WHERE name = $1 AND holder = $2
        RETURNING expires_at > clock_timestamp() AS held`,
  notify: 'SELECT pg_notify($1, $2)',
  now: 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now',
  /** Some of what has expired: reads do not see it, this frees the space. */
  sweepKeys: `DELETE FROM jobs_kv WHERE key IN (
          SELECT key FROM jobs_kv WHERE expires_at <= clock_timestamp() LIMIT 1000
          FOR UPDATE SKIP LOCKED)`,
  sweepPermits: `DELETE FROM jobs_permit WHERE (name, holder) IN (
          SELECT name, holder FROM jobs_permit WHERE expires_at <= clock_timestamp() LIMIT 1000
          FOR UPDATE SKIP LOCKED)`,
} as const;

/** Statements about BullMQ's tables beyond its own. @internal */
export const BACKEND_SQL = {
  /** $1 queue, $2 how many of the newest to keep. */
  trimEvents: `DELETE FROM event WHERE queue = $1 AND id <= (
          SELECT id FROM event WHERE queue = $1 ORDER BY id DESC OFFSET $2 LIMIT 1)`,
  finishOf: 'SELECT state, finished_at_ms FROM job WHERE queue = $1 AND id = $2',
  /** $1 queue, $2 token, $3 until when the lock holds now. A token has at most one active job. */
  adoptClaim: `UPDATE job SET locked_until_ms = $3
        WHERE queue = $1 AND state = 'active' AND lock_token = $2 RETURNING id`,
  /**
   * $1 queue, $2 ids. To the front of those with its priority; the first that was started, first.
   * The places are paired by number, since the numbers may be drawn in any order.
   */
  holdKey: `INSERT INTO dedup (queue, dedup_id, job_id) VALUES ($1, $2, $3)
        ON CONFLICT (queue, dedup_id) DO UPDATE SET job_id = excluded.job_id, expire_at_ms = NULL
          WHERE dedup.expire_at_ms <= $4
        RETURNING job_id`,
  putInFront: `WITH recovered AS MATERIALIZED (
          SELECT id, nextval('job_seq') AS drawn,
            row_number() OVER (ORDER BY processed_at_ms DESC NULLS FIRST, id DESC) AS place
          FROM job WHERE queue = $1 AND id = ANY($2::text[]) AND state = 'waiting'
        ),
        numbers AS (SELECT drawn, row_number() OVER (ORDER BY drawn) AS place FROM recovered)
        UPDATE job SET seq = -numbers.drawn FROM recovered JOIN numbers USING (place)
        WHERE job.queue = $1 AND job.id = recovered.id AND job.state = 'waiting'`,
  /**
   * $1 queue, $2 entries, each with an id and none with a parent or a deduplication key. As
   * BullMQ's `add_jobs_bulk`, rows and events alike, without its two temporary tables, whose
   * creation takes 2.5 ms a call: five times what 32 jobs do.
   */
  addMany: `WITH entry AS MATERIALIZED (
          SELECT ord, j->>'id' AS id, j->>'name' AS name,
            COALESCE((j->>'data')::jsonb, '{}'::jsonb) AS data,
            COALESCE(j->'opts', '{}'::jsonb) AS opts,
            COALESCE((j->>'priority')::integer, 0) AS priority,
            COALESCE((j->>'delay')::bigint, 0) AS delay,
            COALESCE((j->>'timestamp')::bigint, 0) AS added_at,
            COALESCE((j->>'attempts')::integer, 1) AS attempts,
            j->>'schedulerId' AS scheduler_id,
            COALESCE((j->>'lifo')::boolean, false) AS lifo
          FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS e(j, ord)
        ),
        drawn AS (SELECT nextval('job_seq') AS seq FROM entry),
        number AS (SELECT seq, row_number() OVER (ORDER BY seq) AS ord FROM drawn),
        added AS (
          INSERT INTO job (queue, id, seq, name, state, data, opts, priority, delay_ms, max_attempts,
            added_at_ms, process_at_ms, scheduler_id, pending_deps)
          SELECT $1, id, CASE WHEN lifo THEN -seq ELSE seq END, name,
            (CASE WHEN delay > 0 THEN 'delayed' ELSE 'waiting' END)::job_state,
            data, opts, priority, delay, attempts, added_at,
            CASE WHEN delay > 0 THEN added_at + delay END, scheduler_id, 0
          FROM entry JOIN number USING (ord)
          ON CONFLICT (queue, id) DO NOTHING
          RETURNING id, name, state, process_at_ms
        ),
        place AS (SELECT id, min(ord) AS ord FROM entry GROUP BY id),
        told AS (
          INSERT INTO event (queue, event, data, created_at_ms)
          SELECT $1, step.event, jsonb_strip_nulls(step.data),
            (extract(epoch FROM clock_timestamp()) * 1000)::bigint
          FROM added JOIN place USING (id) CROSS JOIN LATERAL (VALUES
            (1, 'added', jsonb_build_object('jobId', id, 'name', name)),
            (2, state::text, jsonb_build_object('jobId', id, 'delay', process_at_ms))
          ) AS step(turn, event, data)
          ORDER BY place.ord, step.turn
        ),
        woken AS (SELECT pg_notify('bullmq_jobs', $1) FROM (SELECT FROM added LIMIT 1) AS any_added)
        SELECT entry.id FROM entry LEFT JOIN woken ON true ORDER BY ord`,
  /**
   * $1 entries of a whole flow, parents before their children, each with an id and none with a
   * deduplication key; every parent is an entry itself. Rows and events as from BullMQ's
   * `add_flow`, which takes time by the square of the jobs: 12 s for 10,000 children of one parent,
   * since it counts each of them into the parent's row by itself.
   * @throws unique_violation when a job exists already; nothing is stored then
   */
  addFlow: `WITH locked AS MATERIALIZED (SELECT lock_producer_queues($1::jsonb)),
        entry AS MATERIALIZED (
          SELECT ord, j->>'queue' AS queue, j->>'id' AS id, j->>'name' AS name,
            COALESCE((j->>'data')::jsonb, '{}'::jsonb) AS data,
            COALESCE(j->'opts', '{}'::jsonb) AS opts,
            COALESCE((j->>'priority')::integer, 0) AS priority,
            COALESCE((j->>'delay')::bigint, 0) AS delay,
            COALESCE((j->>'timestamp')::bigint, 0) AS added_at,
            COALESCE((j->>'attempts')::integer, 1) AS attempts,
            j->>'schedulerId' AS scheduler_id,
            COALESCE((j->>'lifo')::boolean, false) AS lifo,
            COALESCE((j->>'addToWaitingChildren')::boolean, false) AS waits,
            j->>'parentQueue' AS parent_queue, j->>'parentId' AS parent_id,
            j->>'parentKey' AS parent_key
          FROM locked, jsonb_array_elements($1::jsonb) WITH ORDINALITY AS e(j, ord)
        ),
        drawn AS (SELECT nextval('job_seq') AS seq FROM entry),
        number AS (SELECT seq, row_number() OVER (ORDER BY seq) AS ord FROM drawn),
        fan AS (
          SELECT parent_queue AS queue, parent_id AS id, count(*) AS children
          FROM entry WHERE parent_id IS NOT NULL GROUP BY 1, 2
        ),
        added AS (
          INSERT INTO job (queue, id, seq, name, state, data, opts, priority, delay_ms, max_attempts,
            added_at_ms, process_at_ms, scheduler_id, parent_queue, parent_id, parent_key, pending_deps)
          SELECT queue, id, CASE WHEN lifo THEN -seq ELSE seq END, name,
            (CASE WHEN waits THEN 'waiting-children' WHEN delay > 0 THEN 'delayed' ELSE 'waiting' END)
              ::job_state,
            data, opts, priority, delay, attempts, added_at,
            CASE WHEN delay > 0 AND NOT waits THEN added_at + delay END, scheduler_id,
            parent_queue, parent_id, parent_key, COALESCE(fan.children, 0)
          FROM entry JOIN number USING (ord) LEFT JOIN fan USING (queue, id)
          RETURNING queue, id, name, state, process_at_ms
        ),
        linked AS (
          INSERT INTO job_dependency (parent_queue, parent_id, child_queue, child_id, child_key, status)
          SELECT parent_queue, parent_id, queue, id, queue || ':' || id, 'pending'
          FROM entry WHERE parent_id IS NOT NULL
        ),
        told AS (
          INSERT INTO event (queue, event, data, created_at_ms)
          SELECT queue, step.event, jsonb_strip_nulls(step.data),
            (extract(epoch FROM clock_timestamp()) * 1000)::bigint
          FROM added JOIN entry USING (queue, id) CROSS JOIN LATERAL (VALUES
            (1, 'added', jsonb_build_object('jobId', id, 'name', added.name)),
            (2, state::text, jsonb_build_object('jobId', id, 'delay', process_at_ms))
          ) AS step(turn, event, data)
          ORDER BY entry.ord, step.turn
        ),
        woken AS (
          SELECT count(pg_notify('bullmq_jobs', queue)) + count(pg_notify('bullmq_events', queue)) AS sent
          FROM (SELECT DISTINCT queue FROM added) AS changed
        )
        SELECT entry.id FROM entry CROSS JOIN woken ORDER BY ord`,
} as const;
