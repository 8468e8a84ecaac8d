import {
  LockManager,
  type Job,
  type LockManagerOptions,
  type LockManagerWorkerContext,
} from 'bullmq';
import type { HeldJob } from '../contracts/index.js';
import { every, monotonicNow, type Timer } from '../timers/index.js';

/**
 * At least this often it is looked at whether locks are to be renewed, and whether the event loop
 * goes on.
 */
const LONGEST_LOOK_MS = 1_000;

/**
 * After this part of its time a lock is renewed, and after this part it may have run out in the
 * store.
 */
const DUE = 0.25;
const OVERDUE = 0.75;

interface Held extends HeldJob {
  /** When its lock was last known to be ours, on the clock that nobody sets. */
  renewedAt: number;
  /** Its run is over, and its end is on the way to the store. */
  isEnding: boolean;
}

/** What renews locks, and is told which are lost. @internal */
export interface LockKeeper extends LockManagerWorkerContext {
  renewLocks(jobs: readonly HeldJob[], durationMs: number): Promise<string[]>;
}

/**
 * The locks of the jobs that a worker runs.
 *
 * BullMQ renews them by a wall clock, which may be set back by an hour, and has no answer when the
 * event loop was blocked for longer than a lock holds: the process would sweep away what it runs
 * itself. Here a lock is renewed late rather than never, before the end of a run is stored and
 * before abandoned jobs are looked for.
 * @internal
 */
export class JobLocks extends LockManager {
  private readonly held = new Map<string, Held>();
  private readonly lookMs = Math.min(this.opts.lockDuration / 4, LONGEST_LOOK_MS);
  private looking: Timer | undefined;
  private lookedAt = monotonicNow();
  private renewal: Promise<void> | undefined;
  /** The last time that the event loop stood still for so long that locks may have run out. */
  private lastBlock = { endedAt: -Infinity, ms: 0 };

  constructor(
    private readonly keeper: LockKeeper,
    opts: LockManagerOptions,
  ) {
    super(keeper, opts);
  }

  override start(): void {
    if (this.closed) return;
    this.lookedAt = monotonicNow();
    this.looking ??= every(this.lookMs, () => this.look());
  }

  override async close(): Promise<void> {
    this.looking?.stop();
    this.held.clear();
    await super.close();
  }

  override isRunning(): boolean {
    return !this.closed && this.looking !== undefined;
  }

  /** A job was claimed. (`trackJob` comes later, and is told too little.) */
  hold(job: Job, token: string): void {
    // A claim whose answer came while the event loop was blocked may be as old as that.
    const renewedAt = this.wasBlockedJustNow() ? -Infinity : monotonicNow();
    const [id, claims] = [job.id!, job.attemptsStarted];
    const known = this.held.get(id);
    if (known?.claims === claims) known.isEnding = false;
    else this.held.set(id, { id, token, claims, renewedAt, isEnding: false });
  }

  /** BullMQ stores the end of a run next, during which the event loop may be blocked by another. */
  override untrackJob(id: string): void {
    const held = this.held.get(id);
    if (held !== undefined) held.isEnding = true;
    super.untrackJob(id);
  }

  /** The end of a run is stored. */
  release(id: string): void {
    if (this.held.get(id)?.isEnding) this.held.delete(id);
  }

  /** Whether a job's lock may have run out, since it could not be renewed. */
  private isOverdue(id: string): boolean {
    const held = this.held.get(id);
    return held !== undefined && this.ageOf(held) > this.opts.lockDuration * OVERDUE;
  }

  /**
   * Renews a job's lock at once. Whoever lost it is told by the worker's event. @returns whether it
   * is ours
   */
  async renewNow(id: string): Promise<boolean> {
    const held = this.held.get(id);
    if (held !== undefined) await this.renew([held]);
    return this.held.has(id);
  }

  /**
   * Renews a job's lock if it may have run out; a store that does not answer is found out by what
   * comes next.
   */
  async renewOverdue(id: string): Promise<void> {
    while (this.isOverdue(id)) if (!(await this.renewNow(id).catch(() => false))) return;
  }

  /**
   * Renews all locks that are due, and again those whose renewal was itself held up: afterwards
   * none has run out.
   * @throws what the store says
   */
  async renewDue(): Promise<void> {
    for (let age = DUE; ; age = OVERDUE) {
      const due = [...this.held.values()].filter(
        (held) => this.ageOf(held) > this.opts.lockDuration * age,
      );
      if (due.length === 0) return;
      await this.renew(due);
    }
  }

  /**
   * For how long the event loop was blocked since a job's lock was last renewed, in ms; 0 when it
   * was not.
   */
  blockedMs(id: string): number {
    const { endedAt, ms } = this.lastBlock;
    const silenceMs = this.silenceMs;
    if (this.isBlock(silenceMs)) return silenceMs;
    return endedAt > (this.held.get(id)?.renewedAt ?? Infinity) ? ms : 0;
  }

  private look(): void {
    const silenceMs = this.silenceMs;
    this.lookedAt = monotonicNow();
    if (this.isBlock(silenceMs)) this.lastBlock = { endedAt: this.lookedAt, ms: silenceMs };
    this.renewal ??= this.renewDue()
      .catch((error: unknown) => void this.worker.emit('error', error as Error))
      .finally(() => (this.renewal = undefined));
  }

  private async renew(jobs: readonly Held[]): Promise<void> {
    const sentAt = monotonicNow();
    const lost = new Set(await this.keeper.renewLocks(jobs, this.opts.lockDuration));
    const gone = jobs.filter(({ id }) => lost.has(id));
    const kept = jobs.filter(({ id }) => !lost.has(id));
    for (const held of kept) held.renewedAt = sentAt;
    // The lock of a run whose end was stored meanwhile is not lost.
    this.tell(gone, (ids) => this.worker.emit('lockRenewalFailed', ids));
    this.tell(kept, (ids) => this.worker.emit('locksRenewed', { count: ids.length, jobIds: ids }));
    for (const held of gone) if (this.held.get(held.id) === held) this.held.delete(held.id);
  }

  private tell(jobs: readonly Held[], emit: (ids: string[]) => void): void {
    const ids = jobs.filter(({ isEnding }) => !isEnding).map(({ id }) => id);
    if (ids.length > 0) emit(ids);
  }

  private ageOf({ renewedAt }: Held): number {
    return monotonicNow() - renewedAt;
  }

  /** How long nothing was looked at: this process did nothing else, or was stopped. */
  private get silenceMs(): number {
    return monotonicNow() - this.lookedAt;
  }

  private isBlock(silenceMs: number): boolean {
    return silenceMs > this.lookMs + this.opts.lockDuration / 4;
  }

  private wasBlockedJustNow(): boolean {
    return (
      this.isBlock(this.silenceMs) ||
      this.lastBlock.endedAt > monotonicNow() - this.opts.lockDuration / 4
    );
  }
}
