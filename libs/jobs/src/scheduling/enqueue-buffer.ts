import { StartContext } from '../contracts/index.js';
import { describeJob, EnqueueUncertainError, StoreUnavailableError } from '../errors/index.js';
import { after, monotonicNow, soon, type Timer } from '../timers/index.js';
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
  /** Whether an error says nothing about the jobs, since the store was not reached. */
  isConnectionError(error: unknown): boolean;
}

interface Entry {
  readonly job: PreparedJob;
  readonly addedAt: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  sent: boolean;
  settled: boolean;
}

/** An insert that the store has not answered yet. */
interface Flight {
  readonly batch: readonly Entry[];
}

/**
 * Coalesces the enqueues of one queue. A lone call goes out at once; calls that arrive while inserts
 * are in flight go together in the next one. So the batch grows with the load and nobody waits for a
 * timer. Under load there are two inserts at once, so that the store works while this process does.
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
  /** When the store last answered: a long line of jobs is no reason to give up on a store that works. */
  private lastAnswerAt = 0;
  /** Armed by the first call and left to run out: a timer for each call would cost more than the rest. */
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
      this.waiting.push({ job, addedAt, resolve, reject, sent: false, settled: false });
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
      const size = isShared ? this.waiting.length >> 1 : this.waiting.length;
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
    return this.flights.size < MAX_IN_FLIGHT && this.waiting.length >= WORTH_A_SECOND;
  }

  private store(batch: readonly Entry[], done: () => void): void {
    const live = batch.filter((entry) => !entry.settled);
    if (live.length === 0) return done();
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

  /** What fails before the store is asked is an answer, too: thrown in a timer, it would end the process. */
  private async insert(batch: readonly Entry[]): Promise<void> {
    await this.target.insert(batch.map((entry) => entry.job));
  }

  private recover(batch: readonly Entry[], error: unknown, done: () => void): void {
    if (this.target.isConnectionError(error)) {
      after(RETRY_PAUSE_MS, () => this.store(batch, done)).unref();
      return;
    }
    this.lastAnswerAt = monotonicNow();
    const [first] = batch;
    if (batch.length === 1) {
      settle(first!, () => first!.reject(error));
      return done();
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

  private timeoutError({ job, sent }: Entry): Error {
    const reason = `the store did not answer within ${this.timeoutMs} ms`;
    return sent
      ? new EnqueueUncertainError(job.id, job, reason)
      : new StoreUnavailableError(`store ${describeJob(job)}`, reason);
  }
}

function settle(entry: Entry, how: () => void): void {
  if (entry.settled) return;
  entry.settled = true;
  how();
}
