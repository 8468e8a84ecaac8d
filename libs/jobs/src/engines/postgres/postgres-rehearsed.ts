import type { JobJson, MinimalJob, PostgresQueueBackend } from 'bullmq';

/** What has one of BullMQ's commands sent, and the parameters that it then has. @internal */
export interface RehearsedCommand {
  readonly act: (backend: PostgresQueueBackend) => unknown;
  readonly params: readonly unknown[];
  /** What is sent after a claim that found no job. */
  readonly isIdle?: true;
}

/** Stands for a time of now among parameters. @internal */
export const NOW = 'a time of now';

/** Stands for one job as JSON among parameters, added now. @internal */
export const ENTRIES = 'jobs that were added now';

const CHILD_OPTIONS = '{"attempts":4,"lifo":true,"delay":3}';
const CHILD = ['queue', 'id', 'name', '{"a":1}', CHILD_OPTIONS, 2, 3, NOW, 4] as const;
const KEEP = { age: 17, count: 18 };
const FIELDS = { failedReason: 'reason', stacktrace: '["stack"]' };
const ENDED = ['queue', 'id', 'token'] as const;
const REMOVED = [false, KEEP.age, KEEP.count] as const;
const CLAIM = [11, NOW, 'worker', 12, 13] as const;

/**
 * All commands that are changed on their way, or in whose place something else is sent. @internal
 */
export const REHEARSED: Readonly<Record<string, RehearsedCommand>> = {
  add_job: {
    act: (backend) => backend.addJob(child(), 'id', { parentKey: 'pk' }),
    params: [...CHILD, 'pq', 'pid', 'pk', 'dedup', 'scheduler', true],
  },
  add_jobs_bulk: {
    act: (backend) => backend.addJobs([{ job: plain(), jobId: 'id' }]),
    params: ['queue', ENTRIES],
  },
  add_flow: {
    act: (backend) =>
      backend.addFlow([
        { jobData: child(), jobId: 'id', parentKeyOpts: {}, prefix: '', queueName: 'queue' },
      ]),
    params: [ENTRIES],
  },
  add_job_scheduler: {
    act: (backend) => backend.addJobScheduler('s', 1, '{}', {}, { name: 's' }, {}, 'producer'),
    params: ['queue', 's', 1, '{}', '{}', '{"name":"s"}', '{}', NOW, 'producer'],
  },
  update_job_scheduler: {
    act: (backend) => backend.updateJobSchedulerNextMillis('s', 1, '{}', {}, 'producer'),
    params: ['queue', 's', 1, '{}', '{}', NOW, 'producer'],
  },
  remove_job_scheduler: {
    act: (backend) => backend.removeJobScheduler('s'),
    params: ['queue', 's'],
  },
  move_to_active: {
    act: (backend) => backend.moveToActive('token', 'worker'),
    params: ['queue', 'token', ...CLAIM],
  },
  next_signal: {
    act: (backend) => backend.moveToActive('token', 'worker'),
    params: ['queue', 12, NOW],
    isIdle: true,
  },
  move_to_completed: {
    act: (backend) => backend.moveToCompleted(job(), 'result', KEEP, 'token', false),
    params: [...ENDED, '"result"', NOW, ...REMOVED],
  },
  move_to_completed_fetch: {
    act: (backend) => backend.moveToCompleted(job(), 'result', KEEP, 'token', true),
    params: [...ENDED, '"result"', NOW, ...REMOVED, ...CLAIM],
  },
  move_to_failed: {
    act: (backend) => backend.moveToFailed(job(), 'reason', KEEP, 'token', false, FIELDS),
    params: [...ENDED, 'reason', '["stack"]', NOW, ...REMOVED],
  },
  move_to_failed_fetch: {
    act: (backend) => backend.moveToFailed(job(), 'reason', KEEP, 'token', true, FIELDS),
    params: [...ENDED, 'reason', '["stack"]', NOW, ...REMOVED, ...CLAIM],
  },
  move_to_delayed: {
    act: (backend) =>
      backend.moveToDelayed('id', Date.now(), 1, 'token', { fieldsToUpdate: FIELDS }),
    params: [...ENDED, NOW, 1, false, 'reason', '["stack"]'],
  },
  retry_job: {
    act: (backend) => backend.retryJob('id', true, 'token', { fieldsToUpdate: FIELDS }),
    params: [...ENDED, true, 'reason', '["stack"]'],
  },
  move_active_to_wait: {
    act: (backend) => backend.moveJobFromActiveToWait('id', 'token'),
    params: [...ENDED, NOW],
  },
  move_stalled_jobs_to_wait: {
    act: (backend) => backend.moveStalledJobsToWait(),
    params: ['queue', 14, NOW, 15],
  },
  extend_lock: {
    act: (backend) => backend.extendLock('id', 'token', 5),
    params: [...ENDED, 5, NOW],
  },
  extend_locks: {
    act: (backend) => backend.extendLocks(['id'], ['token'], 5),
    params: ['queue', ['id'], ['token'], 5, NOW],
  },
  change_delay: {
    act: (backend) => backend.changeDelay('id', 5),
    params: ['queue', 'id', 5, NOW],
  },
  change_priority: {
    act: (backend) => backend.changePriority('id', 5, true),
    params: ['queue', 'id', 5, true],
  },
  promote: { act: (backend) => backend.promote('id'), params: ['queue', 'id'] },
  get_rate_limit_ttl: {
    act: (backend) => backend.getRateLimitTtl(5),
    params: ['queue', 5, NOW],
  },
  set_rate_limit: { act: (backend) => backend.setRateLimit(5), params: ['queue', 5, NOW] },
  remove_child_dependency: {
    act: (backend) => backend.removeChildDependency('id', 'pk'),
    params: ['queue', 'id', 'pk', NOW],
  },
  remove_deduplication_key: {
    act: (backend) => backend.removeDeduplicationKey('dedup', 'id'),
    params: ['queue', 'dedup', 'id', NOW],
  },
  get_deduplication_job_id: {
    act: (backend) => backend.getDeduplicationJobId('dedup'),
    params: ['queue', 'dedup', NOW],
  },
  get_delayed_count: {
    act: (backend) => backend.getCounts(['delayed'], Date.now()),
    params: ['queue', NOW],
  },
  collect_metrics: {
    act: (backend) => backend.moveToCompleted(job(), 'result', KEEP, 'token', false),
    params: ['queue', 'completed', 16, NOW],
  },
  update_progress: {
    act: (backend) => backend.updateProgress('id', { a: 1 }),
    params: ['queue', 'id', '{"a":1}'],
  },
  add_log: { act: (backend) => backend.addLog('id', 'row'), params: ['queue', 'id', 'row'] },
  clean: {
    act: (backend) => backend.cleanJobsByState('failed', Date.now(), 5),
    params: ['queue', 'failed', NOW, 5],
  },
  retry_jobs: {
    act: (backend) => backend.retryFinishedJobs('failed', 5, Date.now()),
    params: ['queue', 'failed', 5, NOW],
  },
  promote_jobs: { act: (backend) => backend.promoteJobs(5), params: ['queue', 5] },
  drain: { act: (backend) => backend.drain(true), params: ['queue', true] },
  obliterate: {
    act: (backend) => backend.obliterate({ count: 5, force: true }),
    params: ['queue', 5, true],
  },
  remove: { act: (backend) => backend.remove('id', true), params: ['queue', 'id', true] },
  remove_unprocessed_children: {
    act: (backend) => backend.removeUnprocessedChildren('id'),
    params: ['queue', 'id'],
  },
};

function job(): MinimalJob {
  return { id: 'id', opts: {} } as MinimalJob;
}

/** A job that is no other's child. @internal */
export function plain(): JobJson {
  return { id: 'id', name: 'name', data: '{"a":1}', opts: {}, timestamp: Date.now() } as JobJson;
}

function child(): JobJson {
  return {
    ...plain(),
    opts: { attempts: 4, lifo: true },
    priority: 2,
    delay: 3,
    parent: { id: 'pid', queueKey: 'pq' },
    deduplicationId: 'dedup',
    repeatJobKey: 'scheduler',
  };
}
