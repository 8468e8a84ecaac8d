/**
 * What closes the races in BullMQ's functions: many look at a job, and then change it without
 * asking whether it is still so. Between the two another process may have claimed it; it is put
 * back then, or removed, while it runs.
 *
 * Some of the functions here hold what such a function is about to look at: they are called before
 * it in the same statement, and until the end of it nobody else changes what it sees. Others take
 * the place of one whose choice of jobs is its own.
 * @internal
 */
export const RACE_MIGRATION = `
  CREATE FUNCTION jobs_hold(p_queue text, p_id text) RETURNS boolean
  LANGUAGE plpgsql
  SET search_path FROM CURRENT
  AS $$
  BEGIN
    PERFORM FROM job WHERE queue = p_queue AND id = p_id FOR NO KEY UPDATE;
    RETURN true;
  END;
  $$;

  -- Descendants first, as a job that ends is changed before its parent.
  CREATE FUNCTION jobs_hold_family(p_queue text, p_id text, p_with_children boolean) RETURNS boolean
  LANGUAGE plpgsql
  SET search_path FROM CURRENT
  AS $$
  BEGIN
    IF p_with_children THEN
      PERFORM FROM job JOIN (
        WITH RECURSIVE family AS (
          SELECT p_queue AS queue, p_id AS id, 0 AS depth
          UNION
          SELECT d.child_queue, d.child_id, depth + 1 FROM family JOIN job_dependency AS d
            ON d.parent_queue = family.queue AND d.parent_id = family.id AND d.status = 'pending'
        )
        SELECT * FROM family
      ) AS member USING (queue, id)
      ORDER BY member.depth DESC, member.queue, member.id
      FOR NO KEY UPDATE OF job;
    END IF;
    RETURN jobs_hold(p_queue, p_id);
  END;
  $$;

  -- Holds jobs that exist and get a parent, and those that one with the same deduplication id would replace; in the
  -- order in which BullMQ's functions lock. A job that exists gets a parent, but not its new options, where PostgreSQL
  -- looks for what its failure means to its parent: until they are there, a failure does not release the parent.
  CREATE FUNCTION jobs_hold_entries(p_entries jsonb) RETURNS boolean
  LANGUAGE plpgsql
  SET search_path FROM CURRENT
  AS $$
  BEGIN
    PERFORM lock_producer_queues(p_entries);
    PERFORM pg_advisory_xact_lock(place) FROM (
      SELECT DISTINCT hashtext('bullmq:dedup:' || (e->>'queue') || ':' || (e->>'dedupId')) AS place
        FROM jsonb_array_elements(p_entries) AS e WHERE e->>'dedupId' <> '' ORDER BY 1
    ) AS places;
    PERFORM FROM dedup JOIN jsonb_array_elements(p_entries) AS e
      ON dedup.queue = e->>'queue' AND dedup.dedup_id = e->>'dedupId'
      ORDER BY dedup.queue, dedup.dedup_id FOR UPDATE OF dedup;
    PERFORM FROM job WHERE (queue, id) IN (
      SELECT e->>'queue', e->>'id' FROM jsonb_array_elements(p_entries) AS e WHERE e->>'parentId' IS NOT NULL
      UNION ALL
      SELECT dedup.queue, dedup.job_id FROM dedup JOIN jsonb_array_elements(p_entries) AS e
        ON dedup.queue = e->>'queue' AND dedup.dedup_id = e->>'dedupId'
        WHERE e->'opts'->'deduplication'->>'replace' = 'true' OR e->'opts'->'debounce'->>'replace' = 'true'
    ) ORDER BY queue, id FOR NO KEY UPDATE;
    UPDATE job SET opts = job.opts || '{"ignoreDependencyOnFailure": true}'
      FROM jsonb_array_elements(p_entries) AS e
      WHERE job.queue = e->>'queue' AND job.id = e->>'id' AND e->>'parentId' IS NOT NULL
        AND e->'opts'->>'ignoreDependencyOnFailure' = 'true' AND NOT job.opts ? 'ignoreDependencyOnFailure'
        AND NOT EXISTS (SELECT FROM job AS parent
          WHERE parent.queue = job.parent_queue AND parent.id = job.parent_id
            AND (parent.queue, parent.id) <> (e->>'parentQueue', e->>'parentId'));
    RETURN true;
  END;
  $$;

  CREATE FUNCTION jobs_hold_scheduler(p_queue text, p_id text) RETURNS boolean
  LANGUAGE plpgsql
  AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('nestjs-jobs:scheduler'), hashtext(p_queue || ' ' || p_id));
    RETURN true;
  END;
  $$;

  CREATE FUNCTION jobs_hold_sweep(p_queue text) RETURNS boolean
  LANGUAGE plpgsql
  AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('nestjs-jobs:sweep'), hashtext(p_queue));
    RETURN true;
  END;
  $$;

  -- Removes jobs that the caller holds. Parents that waited for them alone are released, or, in the same queue, removed.
  CREATE FUNCTION jobs_discard(p_queue text, p_ids text[]) RETURNS text[]
  LANGUAGE plpgsql
  SET search_path FROM CURRENT
  AS $$
  DECLARE
    v_parent record;
    v_now bigint := extract(epoch FROM clock_timestamp()) * 1000;
  BEGIN
    FOR v_parent IN
      WITH link AS (
        DELETE FROM job_dependency
          WHERE child_queue = p_queue AND child_id = ANY(p_ids) AND status = 'pending'
          RETURNING parent_queue AS queue, parent_id AS id
      )
      SELECT queue, id, count(*) AS children FROM link GROUP BY 1, 2 ORDER BY 1, 2
    LOOP
      UPDATE job SET pending_deps = greatest(pending_deps - v_parent.children, 0)
        WHERE queue = v_parent.queue AND id = v_parent.id;
      CONTINUE WHEN NOT EXISTS (SELECT FROM job WHERE queue = v_parent.queue AND id = v_parent.id
        AND state = 'waiting-children' AND pending_deps = 0);
      IF v_parent.queue = p_queue THEN
        PERFORM jobs_discard(p_queue, ARRAY[v_parent.id]);
      ELSE
        PERFORM move_parent_to_wait(v_parent.queue, v_parent.id, v_now);
      END IF;
    END LOOP;
    DELETE FROM job WHERE queue = p_queue AND id = ANY(p_ids);
    RETURN p_ids;
  END;
  $$;

  CREATE FUNCTION jobs_add_log(p_queue text, p_id text, p_row text) RETURNS bigint
  LANGUAGE plpgsql
  SET search_path FROM CURRENT
  AS $$
  DECLARE
    v_idx bigint;
  BEGIN
    PERFORM jobs_hold(p_queue, p_id);
    INSERT INTO job_log (queue, job_id, idx, row)
      SELECT p_queue, p_id, coalesce(max(idx) + 1, 0), p_row FROM job_log WHERE queue = p_queue AND job_id = p_id
      RETURNING idx INTO v_idx;
    RETURN v_idx;
  END;
  $$;`;

/**
 * What is called before a function of BullMQ's, in its statement and with its parameters. @internal
 */
export const HOLDS: Readonly<Record<string, string>> = {
  promote: 'jobs_hold($1, $2)',
  change_delay: 'jobs_hold($1, $2)',
  change_priority: 'jobs_hold($1, $2)',
  move_active_to_wait: 'jobs_hold($1, $2)',
  remove: 'jobs_hold_family($1, $2, $3)',
  remove_unprocessed_children: 'jobs_hold_family($1, $2, true)',
  add_job: `jobs_hold_entries(jsonb_build_array(jsonb_build_object('queue', $1::text, 'id', $2::text,
    'opts', $5::jsonb, 'parentQueue', $10::text, 'parentId', $11::text, 'dedupId', $13::text)))`,
  add_flow: 'jobs_hold_entries($1)',
  add_job_scheduler: 'jobs_hold_scheduler($1, $2)',
  update_job_scheduler: 'jobs_hold_scheduler($1, $2)',
  remove_job_scheduler: 'jobs_hold_scheduler($1, $2)',
  move_stalled_jobs_to_wait: 'jobs_hold_sweep($1)',
};

/** `attempts_started` stays, as on Redis: by it a job is known that runs again. */
const RETRIED = `state = 'waiting', seq = nextval('job_seq'), finished_at_ms = NULL, processed_at_ms = NULL,
  return_value = NULL, failed_reason = NULL, stacktrace = NULL, attempts_made = 0,
  lock_token = NULL, locked_until_ms = NULL`;

/** Statements that take the place of BullMQ's, with its parameters. @internal */
export const REPLACED: Readonly<Record<string, string>> = {
  add_log: 'SELECT jobs_add_log($1, $2, $3) AS idx',
  drain: `SELECT jobs_discard($1, ARRAY(
    SELECT id FROM job WHERE queue = $1 AND scheduler_id IS NULL AND (state = 'waiting' OR ($2 AND state = 'delayed'))
      ORDER BY seq FOR NO KEY UPDATE))`,
  promote_jobs: moveToWait(
    `state = 'delayed' ORDER BY process_at_ms LIMIT $2`,
    `state = 'waiting', seq = nextval('job_seq'), delay_ms = 0, process_at_ms = NULL`,
  ),
  retry_jobs: moveToWait(
    `state = $2::job_state AND ($4::bigint IS NULL OR finished_at_ms <= $4) ORDER BY finished_at_ms LIMIT $3`,
    RETRIED,
  ),
};

/** Those that are being changed by somebody else are not what was asked for any more. */
function moveToWait(choice: string, change: string): string {
  return `WITH chosen AS MATERIALIZED (
      SELECT id FROM job WHERE queue = $1 AND ${choice} FOR NO KEY UPDATE SKIP LOCKED
    ),
    moved AS (UPDATE job SET ${change} FROM chosen WHERE job.queue = $1 AND job.id = chosen.id RETURNING job.id)
    SELECT count(*) AS n, CASE WHEN count(*) > 0 THEN pg_notify('bullmq_jobs', $1) END FROM moved`;
}

/** By the name of a state, what is cleaned: what is older than `$3`, and never a job that runs. */
const CLEANED: Readonly<Record<string, string>> = {
  completed: `state = 'completed' AND finished_at_ms <= $3`,
  failed: `state = 'failed' AND finished_at_ms <= $3`,
  active: `state = 'active' AND added_at_ms <= $3 AND scheduler_id IS NULL
    AND (lock_token IS NULL OR locked_until_ms <= extract(epoch FROM clock_timestamp()) * 1000)`,
  delayed: `state = 'delayed' AND added_at_ms <= $3 AND scheduler_id IS NULL`,
  prioritized: `state = 'waiting' AND priority > 0 AND added_at_ms <= $3 AND scheduler_id IS NULL`,
  waiting: `state = 'waiting' AND priority = 0 AND added_at_ms <= $3 AND scheduler_id IS NULL`,
};

/** The statement that cleans a state, with the parameters of BullMQ's. @internal */
export function cleanText(state: string): string {
  const chosen = CLEANED[state] ?? (/^(?:wait|paused)$/.test(state) ? CLEANED.waiting : 'false');
  return `WITH cleaned AS MATERIALIZED (
      SELECT unnest(jobs_discard($1, ARRAY(
        SELECT id FROM job WHERE queue = $1 AND $2::text <> '' AND ${chosen} AND $3::bigint IS NOT NULL
          ORDER BY seq LIMIT CASE WHEN $4::int > 0 THEN $4::int END FOR NO KEY UPDATE))) AS id
    ),
    told AS (
      SELECT publish_event($1, 'cleaned', jsonb_build_object('count', count(*)::text)) FROM cleaned HAVING count(*) > 0
    )
    SELECT id FROM cleaned LEFT JOIN told ON true`;
}
