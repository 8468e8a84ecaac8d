import { Inject, Injectable } from '@nestjs/common';
import {
  JOBS_ENGINE,
  type ClaimDecision,
  type Engine,
  type JobHook,
  type JobInfo,
  type RecurringRun,
  type RunningJob,
  type RunOutcome,
} from '../contracts/index.js';
import { parseRecord, Records } from '../coordination/index.js';
import { NewerRecordError } from '../errors/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { restoreValue, toStorableText } from '../payload/index.js';
import { StoreCalls } from '../enqueueing/index.js';
import { ScheduleStore } from './schedule-store.js';

const KEY = 'recurring-run:';

/** So many runs are remembered of each recurring job, the newest. */
const REMEMBERED = 20;

/** A result larger than this is left out, in characters of JSON. */
const LARGEST_RESULT = 4_096;
const LONGEST_ERROR = 1_024;

/**
 * Of a recurring job that has no more runs, the runs are forgotten after so long, in ms: a yearly
 * one has its last.
 */
const KEPT_MS = 400 * 24 * 3_600_000;

/** A run as it is stored; times are Unix ms. */
interface StoredRun {
  readonly jobId: string;
  readonly due: number;
  readonly state: 'completed' | 'failed';
  readonly finishedAt: number;
  readonly durationMs: number;
  readonly result?: unknown;
  readonly error?: string;
}

/**
 * The ledger of the runs that have ended: what a handler reads of the one before, and how a tick is
 * known that had its run already.
 * @internal
 */
@Injectable()
export class RecurringRuns implements JobHook {
  /** Jobs that were completed without a run: what their tick's run returned stays. */
  private readonly done = new Set<string>();
  private readonly ledgers: Records<readonly StoredRun[]>;

  constructor(
    private readonly schedules: ScheduleStore,
    private readonly calls: StoreCalls,
    private readonly logger: JobLogger,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {
    this.ledgers = new Records(engine, KEY, { parse });
  }

  /** The runs that have ended, the newest tick first. */
  async of(id: string): Promise<readonly RecurringRun[]> {
    const ledger = await this.calls.read(`read the runs of the recurring job "${id}"`, () =>
      this.ledgers.read(id),
    );
    return (ledger?.value ?? []).map(toRun);
  }

  async forget(id: string): Promise<void> {
    await this.engine.store.delete(KEY + id);
  }

  onClaimed(job: RunningJob): Promise<ClaimDecision> | undefined {
    return job.tick === undefined ? undefined : this.begin(job, job.tick.recurring, job.tick.due);
  }

  onSettled({ id, tick }: JobInfo, outcome: RunOutcome): void {
    if (tick === undefined || this.done.delete(id)) return;
    if (outcome.status !== 'completed' && outcome.status !== 'failed') return;
    const run = toStored(id, tick.due, outcome);
    this.record(tick.recurring, run)
      .then(() => (tick.awaited ? this.schedules.tell(tick.recurring) : undefined))
      .catch((error: unknown) => this.logger.warn(messages.runNotRecorded(tick.recurring, error)));
  }

  private async begin(job: RunningJob, recurring: string, due: number): Promise<ClaimDecision> {
    const runs = await this.endedRuns(recurring);
    const previous = runs.find((run) => run.due < due);
    job.previousRun = previous && toRun(previous);
    // A leader that was frozen for longer than finished jobs are kept has enqueued a tick once
    // more.
    const hadItsRun = runs.some(
      (run) => run.due === due && run.jobId === job.id && run.state === 'completed',
    );
    if (!hadItsRun || job.attempt > 1) return { action: 'run' };
    this.done.add(job.id);
    return { action: 'complete', result: null };
  }

  /**
   * What cannot be read at this moment, or by this version, is no failure of the job: it runs
   * without knowing.
   */
  private async endedRuns(recurring: string): Promise<readonly StoredRun[]> {
    try {
      return (await this.ledgers.read(recurring))?.value ?? [];
    } catch (error) {
      if (!this.calls.isUnavailable(error) && !(error instanceof NewerRecordError)) throw error;
      return [];
    }
  }

  private async record(recurring: string, run: StoredRun): Promise<void> {
    const withRun = (runs: readonly StoredRun[] = []): readonly StoredRun[] => {
      const others = runs.filter(({ jobId }) => jobId !== run.jobId);
      return [run, ...others].toSorted((a, b) => b.due - a.due).slice(0, REMEMBERED);
    };
    await this.ledgers.change(recurring, withRun, { ttlMs: KEPT_MS });
  }
}

function toStored(
  jobId: string,
  due: number,
  outcome: Extract<RunOutcome, { status: 'completed' | 'failed' }>,
): StoredRun {
  const { durationMs, status: state } = outcome;
  const run = { jobId, due, state, finishedAt: Date.now(), durationMs };
  if (outcome.status === 'failed') {
    return { ...run, error: toStorableText(outcome.error.message, LONGEST_ERROR) };
  }
  // In its stored form already.
  const { result } = outcome;
  const isSmall = (JSON.stringify(result) ?? '').length <= LARGEST_RESULT;
  return isSmall ? { ...run, result } : run;
}

function toRun({ due, finishedAt, result, ...run }: StoredRun): RecurringRun {
  return {
    ...run,
    due: new Date(due),
    finishedAt: new Date(finishedAt),
    ...(result !== undefined && { result: restoreValue(result) }),
  };
}

/** A damaged ledger must not fail the runs to come: it is begun anew with the end of the next. */
function parse(text: string, key: string): StoredRun[] {
  try {
    const runs = parseRecord(text, key);
    return Array.isArray(runs) ? (runs as StoredRun[]) : [];
  } catch (error) {
    if (error instanceof NewerRecordError) throw error;
    return [];
  }
}
