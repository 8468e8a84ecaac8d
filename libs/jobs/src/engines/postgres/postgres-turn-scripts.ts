/**
 * The lines of concurrency keys: a row for each ticket. `state` is 0 parked, 1 a turn that is
 * reserved, 2 one in use, 3 away; `check_at` is when a turn is over, or when the ticket is to be
 * looked at. And the log of starts of rate-limited keys, where `job` is null for a start and names
 * who was promised a later one.
 *
 * Keys share 2,048 locks, which a call takes in their order. A commit is not waited for: what a
 * crash of the server takes back is a turn that expires, or one that is taken again; and the job
 * that is added after its ticket was taken brings it to disk.
 *
 * Its numbers are written out, since a text that is in databases never changes: 1000 is
 * `MOST_GIVEN`, 2000 `FIRST_CHECK_MS`, 300000 `LONGEST_CHECK_MS`. Another value of one of them
 * needs a migration of its own.
 * @internal
 */
export const TURN_MIGRATION = `
  CREATE TABLE jobs_turn (
    key      text COLLATE "C" NOT NULL,
    queue    text NOT NULL,
    job      text NOT NULL,
    seq      bigint GENERATED ALWAYS AS IDENTITY,
    state    smallint NOT NULL,
    turns    integer NOT NULL,
    run      text,
    taken_at timestamptz NOT NULL,
    check_at timestamptz,
    PRIMARY KEY (key, queue, job)
  ) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500);
  CREATE INDEX jobs_turn_line ON jobs_turn (key, seq) WHERE state = 0;
  CREATE INDEX jobs_turn_held ON jobs_turn (key) WHERE state IN (1, 2);
  CREATE INDEX jobs_turn_check ON jobs_turn (check_at) WHERE check_at IS NOT NULL;

  CREATE FUNCTION jobs_lock_lines(p_keys text[]) RETURNS void
  LANGUAGE plpgsql
  AS $$
  BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    PERFORM pg_advisory_xact_lock(hashtext('nestjs-jobs:line'), place)
      FROM (SELECT DISTINCT hashtext(k) & 2047 AS place FROM unnest(p_keys) AS k ORDER BY 1) AS places;
  END;
  $$;

  -- Gives free turns to those who wait, and makes their jobs ready to run. Answers whose job was not delayed.
  CREATE FUNCTION jobs_advance_line(p_key text, p_limit integer, p_own_queue text, p_own_job text)
  RETURNS TABLE (queue text, job text)
  LANGUAGE plpgsql
  SET search_path FROM CURRENT
  AS $$
  #variable_conflict use_column
  DECLARE
    v_free integer;
    v_next record;
  BEGIN
    SELECT least(p_limit - count(*), 1000) INTO v_free FROM jobs_turn WHERE key = p_key AND state IN (1, 2);
    IF v_free <= 0 THEN
      RETURN;
    END IF;
    FOR v_next IN
      WITH given AS (
        UPDATE jobs_turn SET state = 1, turns = p_limit,
          check_at = clock_timestamp() + interval '2000 milliseconds'
        WHERE (key, queue, job) IN (
          SELECT t.key, t.queue, t.job FROM jobs_turn AS t
          WHERE t.key = p_key AND t.state = 0 ORDER BY t.seq LIMIT v_free)
        RETURNING queue, job, seq
      )
      SELECT queue, job FROM given ORDER BY seq
    LOOP
      CONTINUE WHEN v_next.queue = p_own_queue AND v_next.job = p_own_job;
      PERFORM jobs_hold(v_next.queue, v_next.job);
      IF promote(v_next.queue, v_next.job) <> 0 THEN
        queue := v_next.queue;
        job := v_next.job;
        RETURN NEXT;
      END IF;
    END LOOP;
  END;
  $$;

  -- Answers a row for each step (step and has_turn), and one for each job that could not be made ready (step 0).
  CREATE FUNCTION jobs_take_turns(p_actions text[], p_keys text[], p_queues text[], p_jobs text[],
    p_limits integer[], p_runs text[], p_ttls float8[])
  RETURNS TABLE (step integer, has_turn boolean, key text, queue text, job text)
  LANGUAGE plpgsql
  SET search_path FROM CURRENT
  AS $$
  #variable_conflict use_column
  DECLARE
    s record;
    t record;
    v_found boolean;
    v_starts boolean;
  BEGIN
    PERFORM jobs_lock_lines(p_keys);
    FOR s IN
      SELECT * FROM unnest(p_actions, p_keys, p_queues, p_jobs, p_limits, p_runs, p_ttls)
        WITH ORDINALITY AS u(action, key, queue, job, turns, run, ttl, step)
    LOOP
      step := s.step;
      has_turn := false;
      v_starts := s.action IN ('start', 'try');
      IF s.action <> 'advance' THEN
        SELECT state, run INTO t FROM jobs_turn
          WHERE key = s.key AND queue = s.queue AND job = s.job;
        v_found := FOUND;
      END IF;
      IF s.action = 'take' OR v_starts THEN
        IF NOT v_found THEN
          INSERT INTO jobs_turn (key, queue, job, state, turns, taken_at)
            VALUES (s.key, s.queue, s.job, 0, s.turns, clock_timestamp());
        ELSIF t.state = 3 THEN
          UPDATE jobs_turn SET state = 0, check_at = NULL
            WHERE key = s.key AND queue = s.queue AND job = s.job;
        END IF;
      ELSIF s.action = 'renew' THEN
        has_turn := v_found AND (t.state <> 2 OR t.run = s.run);
        IF has_turn THEN
          UPDATE jobs_turn SET state = 2, turns = s.turns, run = s.run,
            check_at = clock_timestamp() + s.ttl * interval '1 millisecond'
            WHERE key = s.key AND queue = s.queue AND job = s.job;
        END IF;
      ELSIF s.action IN ('leave', 'end') AND v_found THEN
        has_turn := t.state = 2 AND t.run IS DISTINCT FROM s.run;
        IF has_turn THEN
          NULL;
        ELSIF s.action = 'end' THEN
          DELETE FROM jobs_turn WHERE key = s.key AND queue = s.queue AND job = s.job;
        ELSIF t.state <> 0 THEN
          UPDATE jobs_turn SET state = 3, run = NULL,
            check_at = clock_timestamp() + interval '2000 milliseconds'
            WHERE key = s.key AND queue = s.queue AND job = s.job;
        END IF;
      END IF;
      IF s.action <> 'renew' THEN
        RETURN QUERY SELECT 0, false, s.key, a.queue, a.job
          FROM jobs_advance_line(s.key, s.turns, s.queue, s.job) AS a;
      END IF;
      IF s.action = 'take' OR v_starts THEN
        SELECT state INTO t FROM jobs_turn
          WHERE key = s.key AND queue = s.queue AND job = s.job;
        has_turn := t.state IN (1, 2);
        IF v_starts AND has_turn THEN
          -- More turns were given than there may be by now: those that run already count.
          IF (SELECT count(*) FROM jobs_turn WHERE key = s.key AND state IN (1, 2)) <= s.turns
            OR (SELECT count(*) FROM jobs_turn WHERE key = s.key AND state = 2
                AND (queue, job) <> (s.queue, s.job)) < s.turns
          THEN
            UPDATE jobs_turn SET state = 2, turns = s.turns, run = s.run,
              check_at = clock_timestamp() + s.ttl * interval '1 millisecond'
              WHERE key = s.key AND queue = s.queue AND job = s.job;
          ELSE
            UPDATE jobs_turn SET state = 0, check_at = NULL, run = NULL
              WHERE key = s.key AND queue = s.queue AND job = s.job;
            has_turn := false;
          END IF;
        END IF;
        IF s.action = 'try' AND NOT has_turn THEN
          DELETE FROM jobs_turn WHERE key = s.key AND queue = s.queue AND job = s.job;
        END IF;
      END IF;
      key := NULL;
      queue := NULL;
      job := NULL;
      RETURN NEXT;
    END LOOP;
  END;
  $$;

  -- Answers tickets to look at (state 1 or 3), jobs with a turn that could not be made ready (state 0), and tickets
  -- that could not be dealt with (state -1), which are looked at again later.
  CREATE FUNCTION jobs_sweep_lines(p_count integer)
  RETURNS TABLE (state integer, key text, queue text, job text, age_ms float8, turns integer, fault text)
  LANGUAGE plpgsql
  SET search_path FROM CURRENT
  AS $$
  #variable_conflict use_column
  DECLARE
    v_keys text[];
    t record;
  BEGIN
    SELECT array_agg(key) INTO v_keys FROM (
      SELECT key FROM jobs_turn WHERE check_at <= clock_timestamp() ORDER BY check_at LIMIT p_count
    ) AS found;
    IF v_keys IS NULL THEN
      RETURN;
    END IF;
    PERFORM jobs_lock_lines(v_keys);
    FOR t IN
      SELECT * FROM jobs_turn WHERE key = ANY(v_keys) AND check_at <= clock_timestamp()
        ORDER BY check_at LIMIT p_count
    LOOP
      state := t.state;
      key := t.key;
      queue := t.queue;
      job := t.job;
      turns := t.turns;
      age_ms := extract(epoch FROM clock_timestamp() - t.taken_at) * 1000;
      fault := NULL;
      BEGIN
        IF t.state = 2 THEN
          UPDATE jobs_turn SET state = 3, run = NULL,
            check_at = clock_timestamp() + interval '2000 milliseconds'
            WHERE key = t.key AND queue = t.queue AND job = t.job;
          RETURN QUERY SELECT 0, t.key, a.queue, a.job, 0::float8, t.turns, NULL::text
            FROM jobs_advance_line(t.key, t.turns, '', '') AS a;
        ELSE
          UPDATE jobs_turn SET check_at = clock_timestamp() + interval '1 millisecond'
            * least(greatest(age_ms / 2, 2000), 300000)
            WHERE key = t.key AND queue = t.queue AND job = t.job;
          RETURN NEXT;
        END IF;
      EXCEPTION
        -- These say that all of it is to be done again, or that the server stops.
        WHEN transaction_rollback OR operator_intervention OR insufficient_resources THEN
          RAISE;
        WHEN OTHERS THEN
          state := -1;
          fault := SQLERRM;
          RETURN NEXT;
          BEGIN
            UPDATE jobs_turn SET check_at = clock_timestamp() + interval '300000 milliseconds'
              WHERE key = t.key AND queue = t.queue AND job = t.job;
          EXCEPTION WHEN OTHERS THEN
            -- What cannot be written at all is told of as it is.
            NULL;
          END;
      END;
    END LOOP;
  END;
  $$;

  CREATE TABLE jobs_start (
    seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key        text COLLATE "C" NOT NULL,
    job        text,
    at         timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
  );
  CREATE INDEX jobs_start_by_key ON jobs_start (key, at);
  CREATE INDEX jobs_start_promise ON jobs_start (key, job) WHERE job IS NOT NULL;
  CREATE INDEX jobs_start_expiry ON jobs_start (expires_at);

  -- Answers for each request 0 when it starts now, else in how many ms it may come again.
  CREATE FUNCTION jobs_start(p_keys text[], p_jobs text[], p_max integer[], p_per float8[])
  RETURNS TABLE (wait_ms float8)
  LANGUAGE plpgsql
  SET search_path FROM CURRENT
  AS $$
  #variable_conflict use_column
  DECLARE
    r record;
    v_promise record;
    v_promised boolean;
    v_now timestamptz;
    v_at timestamptz;
  BEGIN
    PERFORM jobs_lock_lines(p_keys);
    FOR r IN
      SELECT key, job, max, per * interval '1 millisecond' AS per
        FROM unnest(p_keys, p_jobs, p_max, p_per) AS u(key, job, max, per)
    LOOP
      v_now := clock_timestamp();
      DELETE FROM jobs_start WHERE key = r.key AND at <= v_now - r.per;
      SELECT seq, at INTO v_promise FROM jobs_start WHERE key = r.key AND job = r.job;
      v_promised := FOUND;
      v_at := v_now;
      IF v_promised AND v_promise.at > v_now THEN
        v_at := v_promise.at;
      ELSE
        IF v_promised THEN
          -- Whoever comes when it was told to competes with starts alone; others stand behind all promises.
          DELETE FROM jobs_start WHERE seq = v_promise.seq;
          SELECT at + r.per INTO v_at FROM jobs_start WHERE key = r.key AND job IS NULL
            ORDER BY at DESC OFFSET r.max - 1 LIMIT 1;
        ELSE
          SELECT at + r.per INTO v_at FROM jobs_start WHERE key = r.key
            ORDER BY at DESC OFFSET r.max - 1 LIMIT 1;
        END IF;
        v_at := greatest(coalesce(v_at, v_now), v_now);
        INSERT INTO jobs_start (key, job, at, expires_at)
          VALUES (r.key, CASE WHEN v_at > v_now THEN r.job END, v_at, v_at + r.per);
      END IF;
      wait_ms := ceil(extract(epoch FROM v_at - v_now) * 1000);
      RETURN NEXT;
    END LOOP;
  END;
  $$;`;

/** The statements of lines and starts. @internal */
export const TURN_SQL = {
  /** $1 actions, $2 keys, $3 queues, $4 jobs, $5 limits, $6 runs, $7 ttls in ms. */
  steps: 'SELECT * FROM jobs_take_turns($1, $2, $3, $4, $5, $6, $7)',
  /** $1 most tickets. */
  sweep: 'SELECT * FROM jobs_sweep_lines($1)',
  nextCheck: `SELECT (extract(epoch FROM min(check_at) - clock_timestamp()) * 1000)::float8 AS wait
    FROM jobs_turn WHERE check_at IS NOT NULL`,
  /** $1 prefix. */
  keys: 'SELECT DISTINCT key FROM jobs_turn WHERE key ^@ $1 AND state <> 0',
  /** $1 keys, $2 jobs, $3 maxima, $4 windows in ms. */
  starts: 'SELECT wait_ms FROM jobs_start($1, $2, $3, $4)',
  sweepStarts: `DELETE FROM jobs_start WHERE seq IN (
    SELECT seq FROM jobs_start WHERE expires_at <= clock_timestamp() LIMIT 1000 FOR UPDATE SKIP LOCKED)`,
} as const;
