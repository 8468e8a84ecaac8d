import type { Outcome } from '../harness/call-performer.js';
import { isRecord } from '../harness/plain-values.js';
import { STATES } from '../harness/queue-snapshot.js';
import {
  type Call,
  jobKey,
  parseJobKey,
  QUEUES,
  type QueueName,
} from '../harness/recorded-call.js';
import type { SeededRandom } from '../harness/seeded-random.js';

export type State = (typeof STATES)[number];

/** A job that a worker holds. */
export interface Claim {
  readonly queue: QueueName;
  readonly id: string;
  readonly token: string;
  /** The job as it was handed out. */
  readonly job: Record<string, unknown>;
}

/** A child and its parent, as they were added. */
export interface Family {
  readonly queue: QueueName;
  readonly id: string;
  readonly parentKey: string;
}

/** Calls that end a claim when they succeed. */
const SETTLES: ReadonlySet<string> = new Set([
  'moveToCompleted',
  'moveToFailed',
  'moveToDelayed',
  'moveToWaitingChildren',
  'moveJobFromActiveToWait',
  'retryJob',
  'loseLock',
]);

/**
 * What the generator believes: the jobs that were added and claimed, and the lists as they were a
 * moment ago. Being wrong at times is welcome: calls for jobs in another state must be refused
 * alike.
 */
export class KnownJobs {
  readonly #added: Record<QueueName, string[]> = { a: [], b: [], c: [] };
  readonly #lists: Record<QueueName, string[][]> = { a: [], b: [], c: [] };
  #claims: Claim[] = [];
  readonly #families: Family[] = [];
  readonly #logged: Record<QueueName, string[]> = { a: [], b: [], c: [] };

  see(queue: QueueName, lists: string[][]): void {
    this.#lists[queue] = lists;
    for (const jobId of lists.flat()) this.#add(queue, jobId);
  }

  learn(call: Call, outcome: Outcome): void {
    if ('error' in outcome) {
      // With -4 the job is still the worker's: its children may finish yet.
      if (SETTLES.has(call.method) && outcome.error.code !== -4) this.#settle(call);
      return;
    }
    const { value } = outcome;
    if (call.method === 'addJob') this.#addedOne(call.queue, value, call.args[2]);
    if (call.method === 'addLog') this.#logged[call.queue].push(String(call.args[0]));
    if (call.method === 'addFlow') this.#addedFlow(call.args[0]);
    if (SETTLES.has(call.method) && value !== false) this.#settle(call);
    this.#claim(call, isRecord(value) && 'result' in value ? value['result'] : value);
  }

  /** A job of the queue, rather a new one; now and then one that never was. */
  any(random: SeededRandom, queue: QueueName): string {
    const ids = this.#added[queue];
    if (ids.length === 0 || random.chance(0.03)) return 'missing';
    return random.chance(0.6) ? random.pick(ids.slice(-20)) : random.pick(ids);
  }

  /** A job that was in one of these states; now and then, or for want of one, any other. */
  inState(random: SeededRandom, queue: QueueName, ...states: State[]): string {
    const ids = states.flatMap((state) => this.listed(queue, state));
    return ids.length === 0 || random.chance(0.15) ? this.any(random, queue) : random.pick(ids);
  }

  /**
   * A job that may be given children. Not a scheduler's run: Redis's scripts take what follows the
   * last colon of a key for the id, and never let such a parent go on.
   */
  possibleParent(random: SeededRandom, queue: QueueName, ...states: State[]): string {
    const id = this.inState(random, queue, ...states);
    return id.includes(':') ? 'missing' : id;
  }

  /** Whether there may be a job in this state. */
  has(queue: QueueName, state: State): boolean {
    return this.listed(queue, state).length > 0;
  }

  /** The jobs that were in this state at the last look. */
  listed(queue: QueueName, state: State): string[] {
    return this.#lists[queue][STATES.indexOf(state)] ?? [];
  }

  /** A job that was given children; for want of one, any job in waiting-children. */
  parent(random: SeededRandom, queue: QueueName): string {
    const ids = this.#families.flatMap(({ parentKey }) => {
      const parent = parseJobKey(parentKey);
      return parent?.queue === queue ? [parent.jobId] : [];
    });
    return ids.length === 0 || random.chance(0.1)
      ? this.inState(random, queue, 'waiting-children')
      : random.pick(ids.slice(-20));
  }

  /** Whether the job was given children. */
  isParent(queue: QueueName, jobId: string): boolean {
    return this.#families.some(({ parentKey }) => parentKey === jobKey(queue, jobId));
  }

  /** A child with its parent; undefined when there is none in the queue. */
  family(random: SeededRandom, queue: QueueName): Family | undefined {
    const own = this.#families.filter((family) => family.queue === queue).slice(-20);
    return own.length === 0 ? undefined : random.pick(own);
  }

  /** A job that was given log lines; for want of one, any. */
  logged(random: SeededRandom, queue: QueueName): string {
    const ids = this.#logged[queue].slice(-3);
    return ids.length === 0 || random.chance(0.2) ? this.any(random, queue) : random.pick(ids);
  }

  claim(random: SeededRandom, queue: QueueName): Claim | undefined {
    const own = this.#claims.filter((claim) => claim.queue === queue);
    return own.length === 0 ? undefined : random.pick(own);
  }

  claims(queue: QueueName): Claim[] {
    return this.#claims.filter((claim) => claim.queue === queue);
  }

  #addedOne(queue: QueueName, id: unknown, parentKeyOpts: unknown): void {
    if (typeof id !== 'string') return;
    this.#add(queue, id);
    const parentKey = isRecord(parentKeyOpts) ? parentKeyOpts['parentKey'] : undefined;
    if (typeof parentKey === 'string') this.#families.push({ queue, id, parentKey });
  }

  #addedFlow(entries: unknown): void {
    if (!Array.isArray(entries)) return;
    for (const entry of entries.filter(isRecord)) {
      const queue = QUEUES.find((name) => name === entry['queueName']);
      if (queue) this.#addedOne(queue, entry['jobId'], entry['parentKeyOpts']);
    }
  }

  #add(queue: QueueName, jobId: string): void {
    const ids = this.#added[queue];
    if (!ids.includes(jobId)) ids.push(jobId);
  }

  #settle(call: Call): void {
    const [first] = call.args;
    const id = isRecord(first) ? first['id'] : first;
    this.#claims = this.#claims.filter((claim) => claim.queue !== call.queue || claim.id !== id);
  }

  /** Remembers a job that was handed out: its token is among the arguments. */
  #claim(call: Call, result: unknown): void {
    if (!Array.isArray(result) || !isRecord(result[0]) || typeof result[1] !== 'string') return;
    const token = call.args.find((arg) => typeof arg === 'string' && /^t\d+$/.test(arg));
    if (typeof token !== 'string') return;
    // As Job.fromJSON() does it: the stored job knows neither its own id nor the default of
    // attempts.
    const opts = isRecord(result[0]['opts']) ? result[0]['opts'] : {};
    const job = { ...result[0], opts: { attempts: 0, ...opts }, id: result[1] };
    this.#claims = this.#claims.filter(
      (claim) => claim.queue !== call.queue || claim.id !== result[1],
    );
    this.#claims.push({ queue: call.queue, id: result[1], token, job });
  }
}
