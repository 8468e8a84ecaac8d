import { JobsError, shortened } from './jobs.error.js';

/** More faults than this are counted, not told. */
const MAX_TOLD = 10;

/** A fault of one part of a batch. */
export interface BatchFault {
  /**
   * What has it: `job 3`, `onFinished`, `batch 2, job 1`, `enqueueMany` where its items are none,
   * `callback` where there is none. Counts from 1, in the order of the calls.
   */
  readonly part: string;
  readonly error: Error;
}

/**
 * Something is wrong with jobs or continuations of a batch, so nothing of it was stored.
 * @publicApi
 */
export class InvalidBatchError extends JobsError {
  /** Every fault, in the order of the calls. */
  readonly faults: readonly BatchFault[];

  constructor(name: string | undefined, faults: readonly BatchFault[]) {
    const told = faults.slice(0, MAX_TOLD).map(({ part, error }) => `${part}: ${error.message}`);
    const more = faults.length - told.length;
    super(
      `Nothing of ${describeBatch({ name })} was stored, since ${faults.length === 1 ? 'a part of it is' : `${faults.length} parts of it are`} not valid. ` +
        `${told.join(' ')}${more > 0 ? ` And ${more} more.` : ''}`,
      { cause: faults[0]?.error },
    );
    this.faults = faults;
  }
}

/**
 * The store did not confirm the batch in time: all of it may be stored, or nothing.
 * @publicApi
 */
export class BatchUncertainError extends JobsError {
  constructor(
    readonly batchId: string,
    name: string | undefined,
    options?: ErrorOptions,
  ) {
    super(
      `Not known whether ${describeBatch({ id: batchId, name })} was stored: the store was lost before it could say so. ` +
        `It is stored as a whole or not at all: before repeating the call, ask batches.get("${batchId}").`,
      options,
    );
  }
}

/**
 * The batch is not in the store: never stored, removed, or past its retention of 7 days.
 * @publicApi
 */
export class BatchNotFoundError extends JobsError {
  constructor(readonly batchId: string) {
    super(
      `There is no ${describeBatch({ id: batchId })} in the store: it was removed, or ended more than 7 days ago.`,
    );
  }
}

/**
 * Words a batch the same way in every message: `batch "import" (id 0199…)`.
 * @internal
 */
export function describeBatch({ id, name }: { id?: string; name?: string | undefined }): string {
  const batch = name === undefined ? 'batch' : `batch "${shortened(name)}"`;
  return id === undefined ? batch : `${batch} (id ${shortened(id)})`;
}
