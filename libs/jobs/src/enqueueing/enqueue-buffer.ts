import { describeJob, EnqueueUncertainError, StoreUnavailableError } from '../errors/index.js';
import { StartContext } from '../lifecycle/index.js';
import { after, monotonicNow, soon, type Timer } from '../timers/index.js';
import type { Refusal } from '../contracts/index.js';
import type { PreparedJob } from './prepared-job.js';

/** Most jobs of one insert: bounds how long the store is busy with one statement. */
const MAX_BATCH = 1_000;

/** So many waiting calls are worth a second insert beside the one in flight. */
const WORTH_A_SECOND = 16;

const MAX_IN_FLIGHT = 2;

/** Pause before an insert is repeated after a connection error. */
const RETRY_PAUSE_MS = 100;

/** How a buffer reaches the store. @internal */
export interface EnqueueTarget {
  /** Stores all jobs, each at most once by its id. Rejects when any of them may not be stored. */
  insert(jobs: readonly PreparedJob[]): Promise<void>;
  /** Whether a job is in the store. Rejects when the store cannot say so. */
  isStored(job: PreparedJob): Promise<boolean>;
  /** Whether an error says nothing about the jobs, since the store was not reached. */
  isConnectionError(error: unknown): boolean;
  /** Why the store surely did not do all that it was asked for. */
  refusalOf(error: unknown): Refusal | undefined;
  /** Whether the store was closed: no insert will be answered any more. */
  isClosed(): boolean;
}

interface Entry {
  readonly job: PreparedJob;
  readonly addedAt: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** `sent`: an insert is under way, or one may have taken effect although it failed. */
  sent: boolean;
  /** Whether an earlier insert may have taken effect. */
  inDoubt: boolean;
  settled: boolean;
  /** What the store said of the last insert. */
  answer?: unknown;
}

/** An insert that the store has not answered yet. */
interface Flight {
  readonly batch: readonly Entry[];
}

/**
 * Coalesces the enqueues of one queue. A lone call goes out at once; calls that arrive while
 * inserts are in flight go together in the next one. So the batch grows with the load and nobody
 * waits for a timer. Under load there are two inserts at once, so that the store works while this
 * process does.
 *
 * Each caller gets its own outcome: a batch that fails is halved until the jobs at fault stand
 * alone. Repeating is safe, since a job is stored once by its id. An insert that meets a lost store
 * is repeated until the callers' time is over; what was sent by then may be stored, and the error
 * says so.
 * @internal
 */
export class EnqueueBuffer {
  /** Not sent yet, oldest first. */
  private waiting: Entry[] = [];
  private readonly flights = new Set<Flight>();
  private isFlushDue = false;
  /**
   * When the store last answered: a long line of jobs is no reason to give up on a store that
   * works.
   */
  private lastAnswerAt = 0;
  /**
   * Armed by the first call and left to run out: a timer for each call would cost more than the
   * rest.
   */
  private timer: Timer | undefined;

  constructor(
    private readonly target: EnqueueTarget,
    private readonly timeoutMs: number,
    private readonly start: StartContext = new StartContext(),
  ) {}

  /**
   * Stores a job.
   * @throws EnqueueUncertainError, StoreUnavailableError, or what the store says of this job
   */
  add(job: PreparedJob): Promise<void> {
    return new Promise((resolve, reject) => {
      const addedAt = monotonicNow();
      this.waiting.push({
        job,
        addedAt,
        resolve,
        reject,
        sent: false,
        inDoubt: false,
        settled: false,
      });
      this.timer ??= this.armTimer(this.timeoutMs);
      if (this.isFlushDue) return;
      this.isFlushDue = true;
      // A microtask later, so that calls made in the same turn share the first insert.
      this.start.run(soon, () => {
        this.isFlushDue = false;
        this.flush();
      });
    });
  }

  private flush(): void {
    while (this.waiting.length > 0 && this.hasRoom()) {
      const isShared = this.flights.size === 0 && this.waiting.length >= 2 * WORTH_A_SECOND;
      const size = isShared ? this.endOfCall(this.waiting.length >> 1) : this.waiting.length;
      const batch = this.waiting.splice(0, Math.min(size, MAX_BATCH));
      const flight: Flight = { batch };
      this.flights.add(flight);
      this.store(batch, () => this.land(flight));
    }
  }

  /** The insert is over, or no caller waits for its answer any more. */
  private land(flight: Flight): void {
    if (this.flights.delete(flight)) this.flush();
  }

  private hasRoom(): boolean {
    if (this.flights.size === 0) return true;
    if (this.flights.size >= MAX_IN_FLIGHT || this.waiting.length < WORTH_A_SECOND) return false;
    // Two inserts at once may overtake each other.
    const { call } = this.waiting[0]!.job;
    if (call === undefined) return true;
    for (const { batch } of this.flights) if (batch.at(-1)!.job.call === call) return false;
    return true;
  }

  /** The first place from `place` on that is not in the middle of the jobs of one call. */
  private endOfCall(place: number): number {
    const { waiting } = this;
    const { call } = waiting[place - 1]!.job;
    if (call === undefined) return place;
    let end = place;
    while (waiting[end]?.job.call === call) end += 1;
    return end;
  }

  private store(batch: readonly Entry[], done: () => void): void {
    const live = batch.filter((entry) => !entry.settled);
    if (live.length === 0) return done();
    if (this.target.isClosed()) {
      for (const entry of live) settle(entry, () => entry.reject(this.closedError(entry)));
      return done();
    }
    for (const entry of live) entry.sent = true;
    this.insert(live).then(
      () => {
        this.lastAnswerAt = monotonicNow();
        for (const entry of live) settle(entry, entry.resolve);
        done();
      },
      (error: unknown) => this.recover(live, error, done),
    );
  }

  /**
   * What fails before the store is asked is an answer, too: thrown in a timer, it would end the
   * process.
   */
  private async insert(batch: readonly Entry[]): Promise<void> {
    await this.target.insert(batch.map((entry) => entry.job));
  }

  private recover(batch: readonly Entry[], error: unknown, done: () => void): void {
    const refusal = this.target.refusalOf(error);
    const isLost = refusal === undefined && this.target.isConnectionError(error);
    const isInDoubt = isLost || (refusal?.isWhole === false && batch.length > 1);
    for (const entry of batch) {
      entry.inDoubt ||= isInDoubt;
      entry.sent = entry.inDoubt;
      entry.answer = error;
    }
    if (this.target.isClosed()) {
      for (const entry of batch) settle(entry, () => entry.reject(this.closedError(entry)));
      return done();
    }
    if (isLost || refusal?.lasts === false) {
      after(RETRY_PAUSE_MS, () => this.store(batch, done));
      return;
    }
    this.lastAnswerAt = monotonicNow();
    const [first] = batch;
    if (batch.length === 1) {
      if (refusal !== undefined) void this.refuse(first!, refusal).then(done);
      else settle(first!, () => first!.reject(error));
      return refusal === undefined ? done() : undefined;
    }
    const middle = batch.length >> 1;
    this.store(batch.slice(0, middle), () => this.store(batch.slice(middle), done));
  }

  private armTimer(ms: number): Timer {
    return this.start.run(() => after(ms, () => this.rejectOverdue()).unref());
  }

  private rejectOverdue(): void {
    const now = monotonicNow();
    let next = Infinity;
    for (const entry of this.unsettled()) {
      const dueIn = Math.max(entry.addedAt, this.lastAnswerAt) + this.timeoutMs - now;
      if (dueIn <= 0) settle(entry, () => entry.reject(this.timeoutError(entry)));
      else next = Math.min(next, dueIn);
    }
    this.timer = next === Infinity ? undefined : this.armTimer(next);
    this.waiting = this.waiting.filter((entry) => !entry.settled);
    for (const flight of this.flights) {
      if (flight.batch.every((entry) => entry.settled)) this.land(flight);
    }
  }

  private unsettled(): Entry[] {
    const sent = [...this.flights].flatMap((flight) => flight.batch);
    return [...sent, ...this.waiting].filter((entry) => !entry.settled);
  }

  /**
   * An insert before the one that was refused may have taken effect: the store can say so, it
   * answers.
   */
  private async refuse(entry: Entry, { reason }: Refusal): Promise<void> {
    const isStored =
      entry.inDoubt && (await this.target.isStored(entry.job).catch(() => undefined));
    if (isStored === true) settle(entry, entry.resolve);
    else settle(entry, () => entry.reject(outcome(entry, isStored === undefined, refused(reason))));
  }

  private timeoutError(entry: Entry): Error {
    const refusal = this.target.refusalOf(entry.answer);
    const reason = `the store did not answer within ${this.timeoutMs} ms`;
    return outcome(entry, entry.sent, refusal ? refused(refusal.reason) : reason);
  }

  private closedError(entry: Entry): Error {
    return outcome(
      entry,
      entry.sent,
      'the application was closed meanwhile, and its store with it',
    );
  }
}

function refused(reason: string): string {
  return `the store refused it: ${reason}`;
}

/** Says that a job was not stored, unless that is not known. */
function outcome({ job, answer: cause }: Entry, mayBeStored: boolean, reason: string): Error {
  return mayBeStored
    ? new EnqueueUncertainError(job.id, job, reason, { cause })
    : new StoreUnavailableError(`store ${describeJob(job)}`, reason, {
        cause,
        remedy: 'It was not stored. Try again later.',
      });
}

function settle(entry: Entry, how: () => void): void {
  if (entry.settled) return;
  entry.settled = true;
  how();
}
