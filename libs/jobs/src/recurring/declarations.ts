import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import type { Release } from '../coordination/index.js';
import { Fleet, type FleetMember } from '../execution/index.js';
import { JobLogger, messages } from '../logging/index.js';
import type { Schedule } from './schedule.js';
import { ScheduleStore } from './schedule-store.js';

/** Told to all servers when what is stored differs from what one of them declares. */
const DIFFERS_CHANNEL = 'recurring-differs';

/**
 * A recurring job that no process declares has no ticks. It is forgotten after this long only, in
 * ms: the process that declares it may be down, and its missed ticks are to be dealt with when it
 * is back.
 */
const FORGOTTEN_MS = 24 * 3_600_000;

/**
 * Which recurring jobs the decorators of the live processes declare, and which of them counts: in a
 * rolling deploy, old and new ones live side by side. Of those that declare a recurring job the
 * newest version counts, whoever booted last.
 * @internal
 */
@Injectable()
export class Declarations {
  constructor(
    private readonly store: ScheduleStore,
    private readonly fleet: Fleet,
    private readonly logger: JobLogger,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  /**
   * By the id of each recurring job that is declared the hash of the declaration that counts;
   * undefined while it is not known what one of the servers declares.
   */
  async inForce(): Promise<ReadonlyMap<string, string> | undefined> {
    const members = await this.fleet.members();
    const declared = newestLast(members);
    if (members.length === 0 || declared.length < members.length) return undefined;
    return new Map(declared.flatMap(({ recurring }) => Object.entries(recurring)));
  }

  /**
   * Takes recurring jobs out of service that no live process declares, and those back that one
   * does: it may have been frozen, or cut off from the store, for long enough to be taken for gone.
   * Tells all servers when what is stored is not what is in force.
   * @param isUnreadable whether there is more under an id, which cannot be compared here
   * @param now the store's time, Unix ms
   * @returns the ids of those that it took out of service: what was read of them before has ticks
   *   still
   */
  async review(
    all: readonly { schedule: Schedule }[],
    now: number,
    isUnreadable: (id: string) => boolean = () => false,
  ): Promise<readonly string[]> {
    const inForce = await this.inForce();
    if (inForce === undefined) return [];
    const undeclared: string[] = [];
    const known = new Map(all.map(({ schedule }) => [schedule.id, schedule]));
    for (const schedule of known.values()) {
      const { id, source, undeclaredSince } = schedule;
      if (source !== 'decorator') continue;
      if (inForce.has(id)) {
        if (undeclaredSince !== undefined) await this.store.change(id, backInService);
      } else if (undeclaredSince === undefined) {
        this.logger.info(messages.scheduleUndeclared(id));
        await this.store.change(id, (stored) => stored && { ...stored, undeclaredSince: now });
        undeclared.push(id);
      } else if (now - undeclaredSince > FORGOTTEN_MS) {
        await this.store.change(id, (stored) =>
          stored?.undeclaredSince === undeclaredSince ? undefined : stored,
        );
      }
    }
    const differs = [...inForce].some(
      ([id, hash]) => !isInForce(known.get(id), hash) && !isUnreadable(id),
    );
    if (differs) await this.engine.store.publish(DIFFERS_CHANNEL, '');
    return undeclared;
  }

  /** Hears that what is stored may differ from what is declared. @returns stops listening */
  onDifference(listener: () => void): Promise<() => Promise<void>> {
    return this.engine.store.subscribe(DIFFERS_CHANNEL, listener);
  }
}

/**
 * Whether what is stored is this declaration, whatever became of it since by `reschedule()` and the
 * like. @internal
 */
export function isInForce(stored: Schedule | undefined, hash: string): boolean {
  return stored?.source === 'api' || stored?.declared === hash;
}

function newestLast(members: readonly FleetMember[]): readonly Release[] {
  return members
    .filter((member) => member.declares !== undefined)
    .toSorted((a, b) => a.declares!.since - b.declares!.since || (a.release < b.release ? -1 : 1))
    .map(({ declares }) => declares!);
}

function backInService(stored: Schedule | undefined): Schedule | undefined {
  if (stored?.undeclaredSince === undefined) return stored;
  const { undeclaredSince: _, ...schedule } = stored;
  return schedule;
}
