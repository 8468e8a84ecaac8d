import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, servers, type Engine } from '../contracts/index.js';
import { ServerHeartbeat } from '../execution/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { every, type Timer } from '../timers/index.js';
import type { Schedule } from './schedule.js';
import { ScheduleStore } from './schedule-store.js';

const KEY = 'recurring-declared:';

/**
 * A recurring job that no process declares has no ticks. It is forgotten after this long only, in ms: the
 * process that declares it may be down, and its missed ticks are to be dealt with when it is back.
 */
const FORGOTTEN_MS = 24 * 3_600_000;

/**
 * How often a process says again what it declares, and how long that is believed, in ms: what was said may be
 * lost with the data of a store. Whoever is gone is not asked for, so that its word may stay for a while.
 */
const RENEW_MS = 60_000;
const BELIEVED_MS = 10 * RENEW_MS;

/**
 * Which recurring jobs the decorators of the live processes declare: in a rolling deploy, old and new ones
 * live side by side.
 * @internal
 */
@Injectable()
export class Declarations {
  private renewal: Timer | undefined;

  constructor(
    private readonly store: ScheduleStore,
    private readonly heartbeat: ServerHeartbeat,
    private readonly logger: JobLogger,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  /** Says what this process declares. Must come after its first heartbeat, and before it stores them. */
  async declare(ids: readonly string[]): Promise<void> {
    const key = KEY + this.heartbeat.id;
    const say = () => this.engine.store.set(key, JSON.stringify(ids), BELIEVED_MS);
    await say();
    this.renewal = every(RENEW_MS, () => void say().catch(() => undefined)).unref();
  }

  /** This process stops. Its recurring jobs stay, for the next one. */
  async withdraw(): Promise<void> {
    this.renewal?.stop();
    await this.engine.store.delete(KEY + this.heartbeat.id);
  }

  /**
   * Takes recurring jobs out of service that no live process declares, and those back that one does: it may
   * have been frozen, or cut off from the store, for long enough to be taken for gone.
   * @param now the store's time, Unix ms
   */
  async review(all: readonly { schedule: Schedule }[], now: number): Promise<void> {
    const declared = await this.declared();
    if (declared === undefined) return;
    for (const { schedule } of all) {
      const { id, source, undeclaredSince } = schedule;
      if (source !== 'decorator') continue;
      if (declared.has(id)) {
        if (undeclaredSince !== undefined) await this.store.change(id, backInService);
      } else if (undeclaredSince === undefined) {
        this.logger.info(messages.scheduleUndeclared(id));
        await this.store.change(id, (stored) => stored && { ...stored, undeclaredSince: now });
      } else if (now - undeclaredSince > FORGOTTEN_MS) {
        await this.store.change(id, (stored) =>
          stored?.undeclaredSince === undeclaredSince ? undefined : stored,
        );
      }
    }
  }

  /** Every id that a live process declares; undefined while one of them has not said yet. */
  private async declared(): Promise<ReadonlySet<string> | undefined> {
    const { store } = this.engine;
    const [live, said] = await Promise.all([servers.live(store), store.entries(KEY)]);
    const lists = live.map(({ id }) => said.get(KEY + id));
    if (lists.length === 0 || lists.includes(undefined)) return undefined;
    return new Set(lists.flatMap((text) => JSON.parse(text!) as string[]));
  }
}

function backInService(stored: Schedule | undefined): Schedule | undefined {
  if (stored?.undeclaredSince === undefined) return stored;
  const { undeclaredSince: _, ...schedule } = stored;
  return schedule;
}
