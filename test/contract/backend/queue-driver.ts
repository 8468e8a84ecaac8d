import type { IQueueBackend, JobJson, JobState, JobType, ParentKeys } from 'bullmq';
import type { BackendSetup, Store } from '../../support/backends.js';
import { type Claim, claimOf, type Draft, type Ending, entryOf, minimal } from './job-drafts.js';

/** A job of a flow, with the driver of its queue when that is another one. */
export interface FlowDraft extends Draft {
  id: string;
  queue?: QueueDriver;
}

/** An event without its place in the stream. */
export type EventFields = Record<string, string>;

/** Calls a backend as BullMQ's classes do, so that a test says only what matters to it. */
export class QueueDriver {
  readonly backend: IQueueBackend;
  readonly queueName: string;
  private reader: IQueueBackend | undefined;

  constructor(
    private readonly store: Store,
    setup: BackendSetup = {},
  ) {
    this.backend = store.backend(setup);
    this.queueName = setup.queueName ?? store.queueName;
  }

  async add(draft: Draft = {}): Promise<string> {
    const { job, jobId, parentKeyOpts } = entryOf(draft);
    return this.backend.addJob(job, jobId, parentKeyOpts);
  }

  /** Adds plain jobs under these ids, one after the other. */
  async addAll(...ids: string[]): Promise<void> {
    for (const id of ids) await this.add({ id });
  }

  async claim(token = 'token', workerName?: string): Promise<Claim> {
    return claimOf(await this.backend.moveToActive(token, workerName));
  }

  /** The ids in the order in which a worker gets them, until there are no more. */
  async claimAll(token = 'token'): Promise<string[]> {
    const ids: string[] = [];
    for (;;) {
      const { id } = await this.claim(token);
      if (id === undefined) return ids;
      ids.push(id);
    }
  }

  async complete(id: string, value: unknown = null, ending: Ending = {}) {
    const { result, finishedOn } = await this.backend.moveToCompleted(
      minimal(id, ending),
      value,
      ending.keep ?? false,
      ending.token ?? 'token',
      ending.fetchNext ?? false,
    );
    return { next: claimOf(result), finishedOn };
  }

  async fail(id: string, reason = 'no reason', ending: Ending = {}) {
    const { result, finishedOn } = await this.backend.moveToFailed(
      minimal(id, ending),
      reason,
      ending.keep ?? false,
      ending.token ?? 'token',
      ending.fetchNext ?? false,
      ending.fieldsToUpdate,
    );
    return { next: claimOf(result), finishedOn };
  }

  /** Adds a job, claims it and completes it: for the tests of finished jobs. */
  async finished(draft: Draft & { id: string }, value: unknown = null): Promise<void> {
    await this.add(draft);
    await this.claim();
    await this.complete(draft.id, value, { opts: draft.opts });
  }

  async failed(draft: Draft & { id: string }, reason = 'no reason'): Promise<void> {
    await this.add(draft);
    await this.claim();
    await this.fail(draft.id, reason, { opts: draft.opts });
  }

  /** All ids in a state, in the backend's own order. */
  async ids(state: JobType | 'paused', start = 0, end = -1, asc = false): Promise<string[]> {
    const [ids] = await this.backend.getRanges([state as JobType], start, end, asc);
    return ids ?? [];
  }

  async count(state: JobType | 'paused'): Promise<number> {
    const [count] = await this.backend.getCounts([state as JobType]);
    return count ?? 0;
  }

  async job(id: string): Promise<JobJson> {
    const job = await this.backend.getJobData(id);
    if (job === undefined) throw new Error(`job ${id} does not exist`);
    return job;
  }

  state(id: string): Promise<JobState | 'unknown'> {
    return this.backend.getState(id);
  }

  /** The key by which a parent's dependencies name a job of this queue. */
  key(id: string): string {
    return this.backend.toKey(id);
  }

  /** This queue's job as a parent of others. */
  parent(id: string): ParentKeys {
    return { id, queueKey: this.backend.qualifiedName };
  }

  /** Adds a parent and then its children, in one operation. */
  addFlow(parent: FlowDraft, ...children: FlowDraft[]): Promise<[Error | null, string | number][]> {
    const { prefix } = this.store.connect();
    const above = (parent.queue ?? this).parent(parent.id);
    const drafts = [
      { waitsForChildren: true, ...parent },
      ...children.map((child) => ({ parent: above, ...child })),
    ];
    return this.backend.addFlow(
      drafts.map((draft) => {
        const { job: jobData, jobId, parentKeyOpts } = entryOf(draft);
        return {
          jobData,
          jobId,
          parentKeyOpts,
          prefix,
          queueName: (draft.queue ?? this).queueName,
        };
      }),
    );
  }

  /** Every event so far, or those after one that was read. */
  async events(): Promise<EventFields[]> {
    return (await this.entries()).map(([, fields]) => fields);
  }

  /** The events of one job, each as its name and what it was before: `waiting<active`. */
  async history(jobId: string): Promise<string[]> {
    const events = (await this.events()).filter((event) => event.jobId === jobId);
    return events.map(({ event, prev }) => (prev === undefined ? event! : `${event}<${prev}`));
  }

  async entries(after = '0'): Promise<[id: string, EventFields][]> {
    // Reading may block, which would hold up the other calls on the same connection.
    this.reader ??= this.store.backend({ queueName: this.queueName, blocking: true });
    const entries: [string, EventFields][] = [];
    let last = after;
    for (;;) {
      const [stream] = (await this.reader.readEvents(last, 1)) ?? [];
      if (stream === undefined || stream[1].length === 0) return entries;
      for (const [id, flat] of stream[1]) entries.push([id, fieldsOf(flat)]);
      last = entries.at(-1)![0];
    }
  }
}

function fieldsOf(flat: string[]): EventFields {
  const fields: EventFields = {};
  for (let i = 0; i < flat.length; i += 2) fields[flat[i]!] = flat[i + 1]!;
  return fields;
}
