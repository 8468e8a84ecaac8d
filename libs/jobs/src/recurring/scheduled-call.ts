import type { PreparedJob } from '../enqueueing/index.js';
import type { ScheduledCall } from './schedule.js';

/**
 * What all runs of a recurring job have in common, in the form that is read back from the store.
 * @internal
 */
export function toScheduledCall({ queue, name, data, opts, unique }: PreparedJob): ScheduledCall {
  return JSON.parse(JSON.stringify({ queue, name, data, opts, unique })) as ScheduledCall;
}
