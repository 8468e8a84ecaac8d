import type { JobsOptions, RepeatableOptions } from 'bullmq';
import type { QueueDriver } from './queue-driver.js';

/** A schedule as a test describes it. */
export interface Schedule extends Partial<RepeatableOptions> {
  /** When the first job is due; only schedules with a pattern say it. */
  next?: number;
  data?: string;
  templateOpts?: JobsOptions;
}

/** The options of a schedule's job, which carry what their type does not tell. */
function withRepeat(opts: JobsOptions, repeat: object): JobsOptions {
  return { ...opts, repeat } as JobsOptions;
}

/** Adds a schedule as BullMQ's JobScheduler does. */
export function schedule(
  { backend }: QueueDriver,
  id: string,
  { next = Date.now(), data = '{}', templateOpts = {}, ...repeat }: Schedule,
): Promise<[string, number]> {
  const jobOpts = withRepeat(templateOpts, { ...repeat, count: 1 });
  return backend.addJobScheduler(
    id,
    next,
    data,
    templateOpts,
    { name: 'tick', ...repeat },
    jobOpts,
  );
}

/** The next run, as the job of the last one makes it. */
export function advance({ backend }: QueueDriver, id: string, producer: string, next = Date.now()) {
  return backend.updateJobSchedulerNextMillis(
    id,
    next,
    '{}',
    withRepeat({}, { count: 2 }),
    producer,
  );
}
