import { quoteSchemaName } from 'bullmq';

/** The tables of BullMQ and of ours. */
const TABLES =
  'job|job_log|job_dependency|meta|event|metrics|rate_limit|dedup|dedup_next|scheduler|jobs_\\w+';

/**
 * The functions that statements call. What these name themselves they find by a search_path of
 * their own.
 */
const FUNCTIONS =
  'add_flow|add_job|add_job_scheduler|add_jobs_bulk|change_delay|change_priority|clean|collect_metrics|drain|' +
  'extend_lock|get_range|lock_producer_queues|move_active_to_wait|move_stalled_jobs_to_wait|move_to_active|' +
  'move_to_completed|move_to_completed_fetch|move_to_delayed|move_to_failed|move_to_failed_fetch|' +
  'move_to_waiting_children|next_delay|next_signal|obliterate|pause|promote|promote_jobs|publish_event|' +
  'rate_limit_ttl|remove|remove_child_dependency|remove_job_scheduler|remove_unprocessed_children|reprocess_job|' +
  'retry_job|retry_jobs|set_rate_limit|update_job_scheduler_next_millis|update_progress|jobs_\\w+';

const NAME = new RegExp(
  `\\b(?<=\\b(?:FROM|JOIN|INTO|UPDATE|USING)\\s+)(?:${TABLES})\\b` +
    `|(?<![.\\w])(?:${FUNCTIONS})(?=\\()` +
    '|(?<=::)(?:job_state|dep_status)\\b' +
    "|(?<=')job_seq(?=')",
  'g',
);

/**
 * Puts the schema before each name in a statement. A `search_path` would do as well, where the
 * session is ours: behind a transaction pooler it would be lost between two statements, and found
 * by a stranger whose tables have such names.
 * @internal
 */
export function withSchema(text: string, schema: string): string {
  const quoted = quoteSchemaName(schema);
  return text.replace(NAME, (name) => `${quoted}.${name}`);
}
