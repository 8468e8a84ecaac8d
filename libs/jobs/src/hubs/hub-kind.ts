import type { Job } from 'bullmq';
import type { RepairRound } from '../execution/index.js';

/** DI token of the list of all {@link HubKind}s. @internal */
export const HUB_KINDS = Symbol('nestjs-jobs:hub-kinds');

/**
 * What a hub does when it is released: the feature that it belongs to. The kind of a hub is the
 * name of its job.
 *
 * A hub may be released early, twice, or by the removal of a child: {@link run} reads what is
 * stored and decides. It may be interrupted at any point and is then run again, so all that it does
 * must be safe to repeat.
 * @internal
 */
export interface HubKind {
  readonly kind: string;
  /**
   * Does the hub's work.
   * @param hub the hub's job; `ChildOutcomes` reads how its children ended
   * @returns undefined when all is done; or what the hub returns then, for whoever asks and for the
   *   hub that it is a child of; or in how many ms to look again
   */
  run(hub: Job): Promise<number | object | undefined>;
  /**
   * Repairs hubs that are stuck, or were never added: compares this kind's own records with the
   * store. Called now and then, by one process of the fleet.
   * @param shard a hexadecimal digit: of the records, those whose hashed key starts with it
   * @param round what single records go through, so that a bad one does not keep the sweep from the
   *   others
   */
  sweep?(shard: string, round: RepairRound): Promise<void>;
}
