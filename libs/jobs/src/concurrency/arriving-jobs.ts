import { Injectable } from '@nestjs/common';

/** A job by its queue and its id. */
interface Address {
  readonly queue: string;
  readonly id: string;
}

/**
 * The jobs of this process that have taken a ticket and are not stored yet. One whose turn comes
 * meanwhile cannot be made ready, and must not be taken for one that is gone.
 * @internal
 */
@Injectable()
export class ArrivingJobs {
  private readonly arrivals = new Map<string, PromiseWithResolvers<void>>();

  /** Jobs are about to take their tickets. */
  expect(jobs: readonly Address[]): void {
    const arrival = Promise.withResolvers<void>();
    for (const job of jobs) {
      // An id that a caller chose may be on its way already.
      if (!this.arrivals.has(nameOf(job))) this.arrivals.set(nameOf(job), arrival);
    }
  }

  /** Jobs were stored, or could not be. */
  settle(jobs: readonly Address[]): void {
    for (const job of jobs) {
      this.arrivals.get(nameOf(job))?.resolve();
      this.arrivals.delete(nameOf(job));
    }
  }

  /**
   * Resolves when the job is stored or could not be; undefined when this process is not storing it.
   */
  arrivalOf(job: Address): Promise<void> | undefined {
    return this.arrivals.get(nameOf(job))?.promise;
  }
}

function nameOf({ queue, id }: Address): string {
  return `${queue}:${id}`;
}
