import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, PublicService, type Engine } from '../contracts/index.js';
import { Repairs, ServerHeartbeat, WorkersService } from '../execution/index.js';
import { NewerStoreWatch, ShutdownState, withDeadline } from '../lifecycle/index.js';

const DEFAULT_TIMEOUT_MS = 1_000;

const FORGOTTEN =
  'the store does not know this server: it has lost data, or could not be reached for long; what was written at boot is written again';

/**
 * How the module is.
 * @publicApi
 */
export interface JobsHealthReport {
  /**
   * Whether the process should get traffic: the store answers and has what was written at boot, and
   * no shutdown has begun.
   */
  readonly healthy: boolean;
  readonly engine: string;
  /** Host and port of the store. */
  readonly address: string;
  /** How long one round trip to the store took; undefined when it did not answer. */
  readonly roundTripMs: number | undefined;
  /**
   * `running`; `stopped` from the moment a shutdown begins; `none` in a process that only enqueues.
   */
  readonly workers: 'running' | 'stopped' | 'none';
  /**
   * What is wrong, when something is: also when what is repaired now and then could not be, twice
   * in a row.
   */
  readonly error: string | undefined;
  /**
   * What should be looked at, and keeps the process from nothing: single stored records that could
   * not be dealt with, twice in a row. The process's log has the details.
   */
  readonly warnings: readonly string[];
}

/**
 * Checks the store and the workers. Needs no @nestjs/terminus; the indicator for it is in
 * `nestjs-jobs/terminus`.
 * @publicApi
 */
@Injectable()
export class JobsHealth extends PublicService {
  constructor(
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    private readonly workers: WorkersService,
    private readonly heartbeat: ServerHeartbeat,
    private readonly repairs: Repairs,
    private readonly shutdown: ShutdownState,
    private readonly newerStore: NewerStoreWatch,
  ) {
    super();
  }

  /**
   * Never throws: what is wrong is in the report.
   * @param options.timeout how long the store may take to answer, in ms; default 1,000
   */
  async check(options: { timeout?: number } = {}): Promise<JobsHealthReport> {
    const workers = this.workerState();
    const timeoutMs = options.timeout ?? DEFAULT_TIMEOUT_MS;
    const trip = await this.roundTrip(timeoutMs);
    const error = trip.error ?? this.fault(workers) ?? (await this.loss(timeoutMs));
    return {
      healthy: error === undefined,
      engine: this.engine.name,
      address: this.engine.address,
      roundTripMs: trip.ms,
      workers,
      error,
      warnings: this.repairs.leftBroken,
    };
  }

  private workerState(): JobsHealthReport['workers'] {
    if (this.workers.queues.length === 0) return 'none';
    return this.workers.isRunning && !this.shutdown.hasBegun ? 'running' : 'stopped';
  }

  private fault(workers: JobsHealthReport['workers']): string | undefined {
    if (this.shutdown.hasBegun) return 'a shutdown has begun';
    if (this.newerStore.refusal !== undefined) return this.newerStore.refusal.message;
    if (workers === 'stopped') return 'the workers do not run';
    return this.repairs.faults[0];
  }

  /** What the store has lost of what this server wrote at boot. */
  private async loss(timeoutMs: number): Promise<string | undefined> {
    try {
      const late = () => new Error(`no answer within ${timeoutMs} ms`);
      const isKnown = await withDeadline(this.heartbeat.isKnown(), timeoutMs, late);
      return isKnown ? undefined : FORGOTTEN;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  private async roundTrip(timeoutMs: number): Promise<{ ms?: number; error?: string }> {
    try {
      return { ms: await this.engine.ping(timeoutMs) };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }
}
