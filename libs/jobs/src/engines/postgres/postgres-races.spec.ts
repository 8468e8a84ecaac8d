import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { IQueueBackend, JobsOptions, Queue } from 'bullmq';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeEngine, engineNamed } from '../../../../../test/support/engines.js';
import type { Engine, TurnStep } from '../../contracts/index.js';
import { resolveOptions } from '../../options/index.js';
import { createEngine, QueueRegistry } from '../index.js';

const fixture = engineNamed('postgres');

/**
 * Functions of BullMQ's that a rival calls while we call another. `q` is the queue, `j` the job.
 */
const CLAIM = `SELECT id FROM move_to_active($q, 'rival', 30000, $now, NULL, NULL, NULL)`;
const RETRY_AND_CLAIM = `SELECT reprocess_job($q, $j, 'failed', false, false, false); ${CLAIM}`;
const STALL_AND_CLAIM = `UPDATE job SET state = 'waiting', lock_token = NULL WHERE queue = $q; ${CLAIM}`;

interface Moment {
  readonly engine: Engine;
  readonly queue: Queue;
  readonly backend: IQueueBackend;
  readonly name: string;
}

interface Race {
  /** What is called while the rival's change is not committed. */
  readonly act: (moment: Moment) => Promise<unknown>;
  /** What is there before. The job is called `j`. */
  readonly given?: (moment: Moment) => Promise<unknown>;
  readonly rival: string;
  /** What happens while the act waits for the rival. */
  readonly meanwhile?: (moment: Moment) => Promise<unknown>;
  /** What the act answers; an error by its words. */
  readonly answer?: unknown;
  /** What is true at the end, as SQL on the queue `$q`. */
  readonly after: string;
}

const IS_THE_RIVALS = `SELECT state = 'active' AND lock_token = 'rival' AND attempts_started > 0 AS holds
  FROM job WHERE queue = $q AND id = $j`;

const add =
  (opts: JobsOptions = {}) =>
  ({ queue }: Moment) =>
    queue.add('n', {}, { jobId: 'j', ...opts });
const due = async (moment: Moment): Promise<void> => {
  await add({ delay: 1 })(moment);
  await pause(10);
};
const failed = async (moment: Moment): Promise<void> => {
  await add()(moment);
  await moment.backend.moveToActive('ours');
  const job = { id: 'j', opts: {} } as never;
  await moment.backend.moveToFailed(job, 'why', false, 'ours', false);
};
const active = async (moment: Moment): Promise<void> => {
  await add()(moment);
  await moment.backend.moveToActive('ours');
};
/** A job that waits for the child `j`. */
const family = async ({ backend, name }: Moment): Promise<void> => {
  const parent = { id: 'parent', queueKey: name };
  const of = (jobId: string, more: object, keys: object) => ({
    queueName: name,
    prefix: '',
    jobId,
    jobData: { name: 'n', data: '{}', opts: {}, timestamp: Date.now(), ...more } as never,
    parentKeyOpts: keys,
  });
  await backend.addFlow([
    of('parent', {}, { addToWaitingChildren: true }),
    of('j', { parent, parentKey: `${name}:parent` }, { parentKey: `${name}:parent` }),
  ] as never);
};
const complete = ({ backend }: Moment): Promise<unknown> =>
  backend.moveToCompleted({ id: 'j', opts: {} } as never, 1, false, 'ours', false);

function step({ name }: Moment, action: TurnStep['action'], id: string, more = {}): TurnStep {
  return { action, key: name, queue: name, id, limit: 1, ...more };
}

const RACES: Record<string, Race> = {
  'a job that is promoted': {
    given: due,
    act: ({ backend }) => backend.promote('j'),
    rival: CLAIM,
    answer: /not in a state|not in the delayed state/,
    after: IS_THE_RIVALS,
  },
  'a job that gets the turn of its concurrency key': {
    given: async (moment) => {
      await due(moment);
      await moment.engine.turns.apply([
        step(moment, 'start', 'before', { run: 'r', ttlMs: 60_000 }),
        step(moment, 'take', 'j'),
      ]);
    },
    act: (moment) =>
      moment.engine.turns
        .apply([step(moment, 'end', 'before', { run: 'r' })])
        .then(({ toInspect }) => toInspect.map(({ id }) => id)),
    rival: CLAIM,
    answer: ['j'],
    after: IS_THE_RIVALS,
  },
  'jobs that are promoted together': {
    given: due,
    act: ({ backend }) => backend.promoteJobs(10),
    rival: CLAIM,
    answer: 0,
    after: IS_THE_RIVALS,
  },
  'a job whose delay is changed': {
    given: due,
    act: ({ backend }) => backend.changeDelay('j', 60_000),
    rival: CLAIM,
    answer: /not in a state|not in the delayed state/,
    after: `SELECT state = 'active' AND delay_ms = 0 AS holds FROM job WHERE queue = $q AND id = $j`,
  },
  'a job whose priority is changed while it is removed': {
    given: add(),
    act: ({ backend }) => backend.changePriority('j', 7),
    rival: 'DELETE FROM job WHERE queue = $q AND id = $j',
    answer: /Missing/,
    after: 'SELECT count(*) = 0 AS holds FROM job WHERE queue = $q',
  },
  'a job that is given back when it was taken over': {
    given: active,
    act: ({ backend }) => backend.moveJobFromActiveToWait('j', 'ours'),
    rival: STALL_AND_CLAIM,
    after: IS_THE_RIVALS,
  },
  'a job that is removed': {
    given: add(),
    act: ({ backend }) => backend.remove('j', false),
    rival: CLAIM,
    answer: 0,
    after: IS_THE_RIVALS,
  },
  'a job that is removed with its children': {
    given: family,
    act: ({ backend }) => backend.remove('parent', true),
    rival: CLAIM,
    answer: 0,
    after: IS_THE_RIVALS,
  },
  'children that are removed before they ran': {
    given: family,
    act: ({ backend }) => backend.removeUnprocessedChildren('parent'),
    rival: CLAIM,
    after: IS_THE_RIVALS,
  },
  'failed jobs that are retried together': {
    given: failed,
    act: ({ backend }) => backend.retryFinishedJobs('failed', 10, Date.now() + 60_000),
    rival: RETRY_AND_CLAIM,
    answer: 0,
    after: IS_THE_RIVALS,
  },
  'waiting jobs that are cleaned': {
    given: add(),
    act: ({ backend }) => backend.cleanJobsByState('wait', Date.now() + 60_000, 0),
    rival: CLAIM,
    answer: [],
    after: IS_THE_RIVALS,
  },
  'failed jobs that are cleaned': {
    given: failed,
    act: ({ backend }) => backend.cleanJobsByState('failed', Date.now() + 60_000, 0),
    rival: `SELECT reprocess_job($q, $j, 'failed', false, false, false)`,
    answer: [],
    after: `SELECT state = 'waiting' AS holds FROM job WHERE queue = $q AND id = $j`,
  },
  'a queue that is drained': {
    given: family,
    act: ({ backend }) => backend.drain(false),
    rival: CLAIM,
    after: `SELECT count(*) = 1 AS holds FROM job_dependency WHERE parent_queue = $q AND status = 'pending'`,
  },
  'a deduplicated job that is replaced': {
    given: async (moment) => {
      await add({ delay: 1, deduplication: { id: 'd', replace: true, ttl: 60_000 } })(moment);
      await pause(10);
    },
    act: ({ queue }) =>
      queue
        .add('n', {}, { jobId: 'k', deduplication: { id: 'd', replace: true, ttl: 60_000 } })
        .then(({ id }) => id),
    rival: CLAIM,
    answer: 'j',
    after: IS_THE_RIVALS,
  },
  'a child that gets a parent while it completes': {
    given: async (moment) => {
      await active(moment);
      await moment.queue.add('n', {}, { jobId: 'parent', delay: 60_000 });
    },
    act: ({ queue, name }) =>
      queue
        .add('n', {}, { jobId: 'j', parent: { id: 'parent', queue: name } })
        .then(({ id }) => id),
    rival: `SELECT FROM job WHERE queue = $q AND id = 'parent' FOR UPDATE`,
    meanwhile: complete,
    answer: 'j',
    after: `SELECT pending_deps = 0 AS holds FROM job WHERE queue = $q AND id = 'parent'`,
  },
  'a flow that adopts a child while it completes': {
    given: async (moment) => {
      await active(moment);
      await moment.queue.add('n', {}, { jobId: 'parent', delay: 60_000 });
    },
    act: family,
    rival: `SELECT FROM job WHERE queue = $q AND id = 'parent' FOR UPDATE`,
    meanwhile: complete,
    after: `SELECT pending_deps = 0 AS holds FROM job WHERE queue = $q AND id = 'parent'`,
  },
  'a schedule that two add at once': {
    act: ({ queue }) => queue.upsertJobScheduler('s', { every: 60_000 }, { name: 'n' }),
    rival: `SELECT jobs_hold_scheduler($q, 's'); SELECT add_job_scheduler($q, 's', NULL, '{}', '{}', '{"every": 60000, "name": "n"}', '{}', $now, NULL); ${CLAIM}`,
    after: `SELECT count(*) = 1 AS holds FROM job WHERE queue = $q AND state IN ('waiting', 'active')`,
  },
  'a schedule that is removed while its next run is made': {
    given: ({ queue }) => queue.upsertJobScheduler('s', { every: 60_000 }, { name: 'n' }),
    act: ({ queue }) => queue.removeJobScheduler('s'),
    rival: `${CLAIM}; SELECT jobs_hold_scheduler($q, 's');
      SELECT update_job_scheduler_next_millis($q, 's', NULL, '{}', '{}', $now,
        (SELECT id FROM job WHERE queue = $q AND state = 'active'))`,
    answer: true,
    after: `SELECT count(*) = 0 AS holds FROM job WHERE queue = $q AND state = 'delayed'`,
  },
  'a sweep beside another': {
    given: active,
    act: ({ backend }) => backend.moveStalledJobsToWait(),
    rival: `UPDATE job SET locked_until_ms = 1 WHERE queue = $q; SELECT jobs_hold_sweep($q);
      SELECT id FROM move_stalled_jobs_to_wait($q, 1, $now, 30000) AS t(id)`,
    answer: [],
    after: `SELECT state = 'active' AS holds FROM job WHERE queue = $q AND id = $j`,
  },
  'a line that is logged beside another': {
    given: add(),
    act: ({ backend }) => backend.addLog('j', 'second'),
    rival: `SELECT jobs_add_log($q, $j, 'first')`,
    answer: 2,
    after: 'SELECT count(*) = 2 AS holds FROM job_log WHERE queue = $q AND job_id = $j',
  },
};

/**
 * Functions that look at a job and then change it, while another transaction changes it between the
 * two. The rival has done its work and not committed; it does when the other waits for it, or has
 * ended.
 */
describeEngine(fixture, 'what another changes between a look and a change', () => {
  const names = fixture.isolation();
  let engine: Engine;
  let rival: pg.Client;
  let observer: pg.Client;
  let moment: Moment;

  beforeAll(async () => {
    const connection = { connectionString: fixture.url, application_name: names.schema };
    engine = createEngine(resolveOptions({ connection, ...names }));
    await engine.connect();
    [rival, observer] = await Promise.all([openClient(), openClient()]);
  });

  afterAll(async () => {
    await Promise.all([rival.end(), observer.end(), engine.close()]);
    await fixture.cleanup(names);
  });

  beforeEach(() => {
    const name = `q-${randomUUID()}`;
    const queue = new QueueRegistry(engine).get(name);
    moment = { engine, queue, backend: queue.getBackend(), name };
  });

  async function openClient(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: fixture.url });
    await client.connect();
    await client.query(`SET search_path TO ${names.schema}`);
    return client;
  }

  const sql = (text: string): string =>
    text
      .replaceAll('$now', String(Date.now()))
      .replaceAll('$q', pg.escapeLiteral(moment.name))
      .replaceAll('$j', `'j'`);

  /** Until a call has ended, or waits for another transaction as so many others do. */
  async function untilStuck(call: Promise<unknown>, waiting: number): Promise<void> {
    let settled = false;
    void call.finally(() => (settled = true)).catch(() => undefined);
    const isStuck = async (): Promise<boolean> => {
      const { rows } = await observer.query(
        `SELECT FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`,
        [names.schema],
      );
      return rows.length === waiting;
    };
    await expect.poll(async () => settled || (await isStuck()), { interval: 5 }).toBe(true);
  }

  it.each(Object.entries(RACES))('%s', async (_what, race) => {
    await race.given?.(moment);
    await rival.query(sql(`BEGIN; ${race.rival}`));
    const act = race.act(moment).catch((error: Error) => error);
    await untilStuck(act, 1);
    const meanwhile = race.meanwhile?.(moment);
    if (meanwhile) await untilStuck(meanwhile, 2);
    await rival.query('COMMIT');
    const answer = await act;
    await meanwhile;
    if (race.answer instanceof RegExp) expect(answer).toMatchObject({ message: race.answer });
    else if ('answer' in race) expect(answer).toEqual(race.answer);
    else expect(answer).not.toBeInstanceOf(Error);
    const { rows } = await observer.query(sql(race.after));
    expect(rows).toEqual([{ holds: true }]);
  });
});
