import { DuplicateJobError } from 'nestjs-jobs';

/** Which job: its queue and its id. */
export interface JobReference {
  queue: string;
  id: string;
}

/** What a client needs to follow a job: where to ask for its state. */
export interface JobLink extends JobReference {
  url: string;
}

/** The link of a job. */
export function linkTo({ queue, id }: JobReference): JobLink {
  return { queue, id, url: `/jobs/${queue}/${encodeURIComponent(id)}` };
}

/**
 * Waits for an enqueue whose id is an idempotency key: a job of that id which is there already is
 * what was asked for, and no error.
 */
export async function enqueuedOnce(enqueue: Promise<unknown>): Promise<void> {
  await enqueue.catch((error: unknown) => {
    if (!(error instanceof DuplicateJobError)) throw error;
  });
}
