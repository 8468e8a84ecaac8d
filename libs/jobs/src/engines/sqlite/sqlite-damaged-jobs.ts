import type { Operation, Transaction } from 'bullmq-sqlite';

/** How many rows one step looks at: about 10 ms of work. */
const STEP_ROWS = 2_000;

const DAMAGED = `NOT json_valid(opts) OR json_type(opts) <> 'object'
  OR NOT json_valid(coalesce(progress, '0'))
  OR NOT json_valid(coalesce(parent, '{}'))`;

/** seq of the last row before, seq of the last row. */
const FIND = `SELECT seq, opts, progress, parent FROM job WHERE seq > ? AND seq <= ? AND (${DAMAGED})`;
const LAST = 'SELECT coalesce(max(seq), 0) AS seq FROM job';
const KEEP = `INSERT INTO job_log (job, line, text)
  SELECT ?1, coalesce(max(line), 0) + 1, ?2 FROM job_log WHERE job = ?1`;
const REPAIR = `UPDATE job SET
    opts = CASE WHEN json_valid(opts) AND json_type(opts) = 'object' THEN opts ELSE '{}' END,
    progress = CASE WHEN json_valid(coalesce(progress, '0')) THEN progress END,
    parent = CASE WHEN json_valid(coalesce(parent, '{}')) THEN parent END,
    deferred_failure = CASE WHEN state IN ('completed', 'failed') THEN deferred_failure ELSE ? END
  WHERE seq = ?`;

const FAILURE =
  'The stored options, progress or parent of this job cannot be read, so it is not run. What was there is in its ' +
  'logs; retrying will not help.';

interface DamagedRow {
  seq: number;
  opts: string;
  progress: string | null;
  parent: string | null;
}

/** Whether an operation may have met a row that cannot be read. @internal */
export function mayBeDamage(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof TypeError;
}

/**
 * Makes jobs readable whose rows were damaged from outside: what is broken becomes empty, its text
 * is kept in the job's logs, and the job is marked to fail when its turn comes.
 * @param write runs an operation in a transaction
 * @returns how many jobs there were
 * @internal
 */
export async function repairDamagedJobs(
  write: (step: Operation<number>) => Promise<number>,
): Promise<number> {
  const last = await write((tx) => tx.get<{ seq: number }>(LAST)?.seq ?? 0);
  let repaired = 0;
  for (let after = 0; after < last; after += STEP_ROWS) {
    repaired += await write((tx) => repairBetween(tx, after, after + STEP_ROWS));
  }
  return repaired;
}

function repairBetween(transaction: Transaction, after: number, last: number): number {
  const damaged = transaction.all<DamagedRow>(FIND, after, last);
  for (const { seq, ...raw } of damaged) {
    transaction.run(KEEP, seq, `damaged: ${JSON.stringify(raw)}`);
    transaction.run(REPAIR, FAILURE, seq);
  }
  return damaged.length;
}
