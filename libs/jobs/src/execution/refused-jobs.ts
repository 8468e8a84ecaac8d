import { Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import { cancelRequests } from '../coordination/index.js';
import { damageOf } from '../engines/index.js';
import { DamagedJobError, JobCancelledError } from '../errors/index.js';
import { payloadFault, type StoredPayload } from '../payload/index.js';
import { CancellationsService } from './cancellations.service.js';
import { asUnrecoverable } from './control-flow.js';
import type { JobRun } from './job-run.js';
import { Postponement } from './run-failures.js';
import { UnknownNames } from './unknown-names.js';

/** A job of which the store cannot tell whether it was cancelled comes again this soon, in ms. */
const STORE_LOST_PAUSE_MS = 1_000;

/**
 * Claimed jobs whose handler is not to be called: they are damaged or cancelled, or nobody here
 * knows their names or form.
 * @internal
 */
@Injectable()
export class RefusedJobs {
  constructor(
    private readonly unknownNames: UnknownNames,
    private readonly cancellations: CancellationsService,
  ) {}

  /**
   * @returns a promise only where the store has to be asked
   * @throws why the job is not to be run
   */
  check(run: JobRun): Promise<void> | undefined {
    const { job, queue, id } = run;
    const fault = faultOf(job);
    if (fault !== undefined) {
      run.unrecoverable = true;
      throw new DamagedJobError(run, fault);
    }
    const mayBeCancelled =
      job.data.cancelled !== undefined || this.cancellations.wasHeardFor(queue, id);
    return mayBeCancelled ? this.refuseCancelled(run) : undefined;
  }

  /** Waiting helps a name that may become known, but neither a damaged job nor a cancelled one. */
  async refuseUnknown(job: Job<StoredPayload>, token: string): Promise<null> {
    const location = { queue: job.queueName, name: job.name, id: job.id! };
    const fault = faultOf(job);
    if (fault !== undefined) throw asUnrecoverable(new DamagedJobError(location, fault));
    // A store that is lost is found out by the postponing that follows.
    const stored = () => this.cancellations.storedFor(job).catch(() => undefined);
    const request = job.data.cancelled ?? (await stored());
    if (request !== undefined)
      throw asUnrecoverable(new JobCancelledError(location, request.reason));
    return this.unknownNames.postpone(job, token);
  }

  /** Leaves a job whose form this version does not know to the one that wrote it. */
  leave(job: Job, token: string): Promise<never> {
    return this.unknownNames.leave(job, token);
  }

  private async refuseCancelled(run: JobRun): Promise<void> {
    const request =
      run.job.data.cancelled ?? (await this.cancellations.storedFor(run.job).catch(askLater));
    if (request === undefined) return;
    run.unrecoverable = true;
    run.abort(cancelRequests.toError(request, run));
    throw run.abortReason!;
  }
}

function faultOf(job: Job<StoredPayload>): string | undefined {
  return damageOf(job) ?? payloadFault(job.data);
}

/** Whether it was cancelled is not known: that the store is lost burns no attempt. */
function askLater(): never {
  throw new Postponement(STORE_LOST_PAUSE_MS);
}
