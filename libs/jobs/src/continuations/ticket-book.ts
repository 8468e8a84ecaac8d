import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { Records } from '../coordination/index.js';
import { DuplicateJobError } from '../errors/index.js';
import { hubKeyOf, HubQueue } from '../hubs/index.js';
import { PendingJobs, StoreCalls, type PendingJob, type PreparedJob } from '../enqueueing/index.js';
import { LinkBook } from './link-book.js';
import { hubOf } from './link-hub.js';
import { toError, type Ticket, type TicketEnd } from './ticket.js';

const KEY = 'continuation:';

/** Why a continuation did not run can be read for as long as failed jobs are kept by default. */
const ENDED_TTL_MS = 7 * 24 * 3_600_000;

/** The address of a job. */
type Address = Pick<PreparedJob, 'queue' | 'id'>;

/** A ticket and the text that it is stored as, by which a change of it is noticed. @internal */
export interface ReadTicket {
  readonly ticket: Ticket;
  readonly text: string;
}

/**
 * Continuations that are not in their queues: those that wait, and those that never will be.
 * @internal
 */
@Injectable()
export class TicketBook extends PendingJobs {
  private readonly records: Records<Ticket>;

  constructor(
    private readonly links: LinkBook,
    private readonly hubs: HubQueue,
    private readonly calls: StoreCalls,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {
    super();
    this.records = new Records(engine, KEY);
  }

  async find(address: Address): Promise<PendingJob | undefined> {
    const read = await this.calls.read('read a continuation', () => this.read(address));
    if (read === undefined) return undefined;
    const { job, at, end } = read.ticket;
    return { job, at, end: end && toError(end, job) };
  }

  async cancel(address: Address, reason: string | undefined): Promise<boolean> {
    const end = { kind: 'cancelled', ...(reason !== undefined && { reason }) } as const;
    return this.calls.change('cancel a continuation', async () => {
      let isEnded = false;
      const ended = (ticket: Ticket | undefined): Ticket | undefined => {
        isEnded = ticket !== undefined && ticket.end === undefined;
        return isEnded ? { ...ticket!, end } : ticket;
      };
      await this.records.change(hubKeyOf(address), ended, { ttlMs: ENDED_TTL_MS });
      if (isEnded) await this.tellFollowing(address);
      return isEnded;
    });
  }

  async read(address: Address): Promise<ReadTicket | undefined> {
    const read = await this.records.read(hubKeyOf(address));
    return read && { ticket: read.value, text: read.text };
  }

  /** Stores a new one. @throws DuplicateJobError when there is one for this job, unless it is to be kept */
  async create(ticket: Ticket, options: { keepExisting?: boolean } = {}): Promise<void> {
    const { job } = ticket;
    const isNew = await this.calls.change('store a continuation', () =>
      this.records.create(hubKeyOf(job), ticket),
    );
    if (!isNew && !options.keepExisting) throw new DuplicateJobError(job);
  }

  /** @returns false when it was changed meanwhile */
  async replace(read: ReadTicket, ticket: Ticket): Promise<boolean> {
    const ttlMs = ticket.end === undefined ? undefined : ENDED_TTL_MS;
    const key = hubKeyOf(read.ticket.job);
    return (await this.records.replace(key, read, ticket, ttlMs)) !== undefined;
  }

  /** The stored text of all tickets whose hashed key starts with a part, by their keys: one of them may be damaged. */
  part(part: string): Promise<ReadonlyMap<string, string>> {
    return this.engine.store.entries(KEY + part);
  }

  /** Its job is in its queue. @returns false when it was changed meanwhile */
  delete(read: ReadTicket): Promise<boolean> {
    return this.records.delete(hubKeyOf(read.ticket.job), read);
  }

  /** Its job has run, or was removed. @returns whether it was there still */
  forget(address: Address): Promise<boolean> {
    return this.calls.change('forget a continuation', () =>
      this.engine.store.delete(KEY + hubKeyOf(address)),
    );
  }

  /** Notes that it will not be enqueued; what follows it is told. @returns false when it was changed meanwhile */
  async end({ ticket, text }: ReadTicket, end: TicketEnd): Promise<boolean> {
    if (!(await this.replace({ ticket, text }, { ...ticket, end }))) return false;
    await this.tellFollowing(ticket.job);
    return true;
  }

  /** Lets those that follow a continuation look what became of it. */
  async tellFollowing(job: Address): Promise<void> {
    const read = await this.links.read(job);
    if (read !== undefined) await this.hubs.addAlone(hubOf(read.links));
  }
}

/** @throws SyntaxError when the text is damaged @internal */
export function parseTicket(text: string): ReadTicket {
  return { ticket: JSON.parse(text) as Ticket, text };
}
