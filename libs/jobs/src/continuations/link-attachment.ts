import { Injectable } from '@nestjs/common';
import { QueueRegistry } from '../engines/index.js';
import { HubQueue, type StoredChild } from '../hubs/index.js';
import { ContinuationBook } from './continuation-book.js';
import { hubIdOf, LinkBook, type Links, type ReadLinks } from './link-book.js';
import { hubOf } from './link-hub.js';

/** Pause before the hub of a job that has another parent looks whether it has ended. */
const FIRST_LOOK_MS = 200;

/** States of a hub in which it is on its way. */
const ON_ITS_WAY: ReadonlySet<string> = new Set(['waiting', 'prioritized', 'active', 'delayed']);

/**
 * Sees to it that links which are stored have a hub that carries them out.
 * @internal
 */
@Injectable()
export class LinkAttachment {
  /** By hub: many continuations of one job may be asked for at once. */
  private readonly attaching = new Map<string, Promise<void>>();

  constructor(
    private readonly hubs: HubQueue,
    private readonly links: LinkBook,
    private readonly book: ContinuationBook,
    private readonly queues: QueueRegistry,
  ) {}

  /** Safe to repeat, at any moment and in whatever state the antecedent is. */
  async attach(links: Links): Promise<void> {
    const id = hubIdOf(links);
    // In turn, so that all but the first find the hub; none may take over what an earlier one has
    // seen.
    const earlier = this.attaching.get(id) ?? Promise.resolve();
    const attached = earlier.catch(() => undefined).then(() => this.addHub(links));
    this.attaching.set(id, attached);
    try {
      await attached;
    } finally {
      if (this.attaching.get(id) === attached) this.attaching.delete(id);
    }
  }

  private async addHub(links: Links): Promise<void> {
    const { antecedent } = links;
    if ((await this.hubs.bullmq.getJobState(hubIdOf(links))) !== 'unknown') return;
    const state = await this.stateOf(antecedent);
    if (state === 'unknown') {
      const read = await this.book.read(antecedent);
      // Whoever enqueues it attaches its links.
      if (read !== undefined && read.stored.end === undefined) return;
    }
    if (state === 'unknown' || state === 'completed' || state === 'failed')
      return this.hubs.addAlone(hubOf(links));
    if (!(await this.hubs.adopt(hubOf(links), antecedent)))
      return this.hubs.addAlone(hubOf(links), FIRST_LOOK_MS);
    // A job that failed before it had its hub has not told it.
    if ((await this.stateOf(antecedent)) === 'failed')
      await this.hubs.release(hubIdOf(links), antecedent);
  }

  /** Attaches what is linked to a job that was put in its queue just now. */
  async attachAllOf(antecedent: StoredChild): Promise<void> {
    const read = await this.links.read(antecedent);
    if (read !== undefined) await this.attach(read.links);
  }

  /**
   * Lets what was skipped because of a job's failure wait for the job again, which is to be retried
   * next.
   */
  async revive(read: ReadLinks): Promise<void> {
    const links = await this.links.revive(read);
    if (links === undefined) return;
    for (const continuation of links.continuations) await this.reviveStored(continuation);
    const { antecedent } = links;
    if ((await this.stateOf(antecedent)) === 'unknown') return;
    if (!(await this.hubs.adopt(hubOf(links), antecedent)))
      await this.hubs.addAlone(hubOf(links), FIRST_LOOK_MS);
  }

  /** Compares links with the store: a hub may have got stuck, or never have been added. */
  async repair(read: ReadLinks): Promise<void> {
    const { links } = read;
    const { antecedent } = links;
    const state = await this.stateOf(antecedent);
    if (links.skipped) {
      // Retried by someone who knows nothing of links.
      if (state !== 'failed' && state !== 'unknown') await this.reviveAndAttach(read);
      return;
    }
    const hubId = hubIdOf(links);
    const hub = await this.hubs.bullmq.getJobState(hubId);
    if (ON_ITS_WAY.has(hub)) return;
    if (hub === 'waiting-children') {
      const isOver = state === 'unknown' || state === 'completed' || state === 'failed';
      if (!isOver && (await this.isChildOf(antecedent, hubId))) return;
    }
    if (hub !== 'unknown') await this.hubs.remove(hubId);
    await this.attach(links);
  }

  private async reviveAndAttach(read: ReadLinks): Promise<void> {
    await this.revive(read);
    await this.attachAllOf(read.links.antecedent);
  }

  private async reviveStored(continuation: StoredChild): Promise<void> {
    const read = await this.book.read(continuation);
    if (read?.stored.end?.kind !== 'skipped') return;
    const { end: _end, ...stored } = read.stored;
    if (!(await this.book.replace(read, stored))) return;
    const following = await this.links.read(continuation);
    if (following?.links.skipped) await this.revive(following);
  }

  private async isChildOf({ queue, id }: StoredChild, hubId: string): Promise<boolean> {
    const job = await this.queues.get(queue).getJob(id);
    return job?.parentKey === this.hubs.bullmq.toKey(hubId);
  }

  private stateOf({ queue, id }: StoredChild): Promise<string> {
    return this.queues.get(queue).getJobState(id);
  }
}
