import type { CoordinationStore } from '../contracts/index.js';
import { parseMessage } from './stored-record.js';

/** The channel on which servers tell of jobs that they cannot run and another server can. */
const CHANNEL = 'handover';

/**
 * A job that was claimed by a server without its handler. It is delayed for a while: whoever has
 * its handler and room for it makes it ready before that.
 * @internal
 */
export interface Handover {
  readonly queue: string;
  readonly id: string;
  readonly name: string;
  /**
   * BullMQ's count of the job's claims: one that was claimed since is not delayed for this reason.
   */
  readonly claims: number;
}

/** @internal */
export const handovers = {
  async tell(store: CoordinationStore, handover: Handover): Promise<void> {
    await store.publish(CHANNEL, JSON.stringify(handover));
  },

  listen(
    store: CoordinationStore,
    listener: (handover: Handover) => void,
  ): Promise<() => Promise<void>> {
    return store.subscribe(CHANNEL, (message) => {
      const handover = parseMessage(message) as Handover | null | undefined;
      if (handover) listener(handover);
    });
  },
};
