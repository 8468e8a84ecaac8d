import type {
  DueTicket,
  FailedTicket,
  Ticket,
  TurnReply,
  TurnStep,
  TurnStore,
  TurnSweep,
} from '../../contracts/index.js';
import type { SharedRedis } from './redis-connection.js';
import { runScript } from './redis-scripts.js';

/**
 * The lines of concurrency keys on Redis: see redis-turn-scripts.ts. All keys are under
 * `<prefix>:x:turn`.
 * @internal
 */
export class RedisTurnStore implements TurnStore {
  private readonly keysOfAll: readonly [due: string, last: string];
  private readonly bases: readonly [lines: string, queues: string];

  constructor(
    private readonly redis: SharedRedis,
    prefix: string,
  ) {
    this.keysOfAll = [`${prefix}:x:turns:due`, `${prefix}:x:turns:last`];
    this.bases = [`${prefix}:x:turn:`, `${prefix}:`];
  }

  async apply(steps: readonly TurnStep[]): Promise<TurnReply> {
    const [answers, unready] = await runScript<[number[], string[]]>(
      this.redis.client,
      'turnSteps',
      ...this.keysOfAll,
      ...this.bases,
      JSON.stringify(steps.map(packed)),
    );
    const hasTurn = answers.map((answer) => answer === 1);
    return { hasTurn, toInspect: ticketsOf(unready) };
  }

  async sweep(limit: number): Promise<TurnSweep> {
    const [due, unready, nextIn, failed] = await runScript<
      [(string | number)[], string[], number, string[]]
    >(this.redis.client, 'turnSweep', ...this.keysOfAll, ...this.bases, limit);
    return {
      due: dueOf(due),
      toInspect: ticketsOf(unready),
      failed: failedOf(failed),
      nextInMs: nextIn < 0 ? undefined : nextIn,
    };
  }

  keys(prefix: string): Promise<readonly string[]> {
    return runScript<string[]>(this.redis.client, 'turnKeys', this.keysOfAll[0], prefix);
  }
}

function packed({ action, key, queue, id, limit, run = '', ttlMs = 0 }: TurnStep) {
  return [action, key, `${queue}|${id}`, limit, run, ttlMs];
}

function ticketOf(key: string, job: string): Ticket {
  const end = job.indexOf('|');
  return { key, queue: job.slice(0, end), id: job.slice(end + 1) };
}

function ticketsOf(pairs: readonly string[]): Ticket[] {
  const tickets: Ticket[] = [];
  for (let i = 0; i < pairs.length; i += 2) tickets.push(ticketOf(pairs[i]!, pairs[i + 1]!));
  return tickets;
}

function failedOf(fields: readonly string[]): FailedTicket[] {
  const failed: FailedTicket[] = [];
  for (let i = 0; i < fields.length; i += 3) {
    const [key, job, reason] = fields.slice(i, i + 3);
    failed.push({ ...ticketOf(key!, job!), error: new Error(reason) });
  }
  return failed;
}

function dueOf(fields: readonly (string | number)[]): DueTicket[] {
  const due: DueTicket[] = [];
  for (let i = 0; i < fields.length; i += 5) {
    const [key, job, state, ageMs, limit] = fields.slice(i, i + 5);
    due.push({
      ...ticketOf(key as string, job as string),
      state: state as DueTicket['state'],
      ageMs: ageMs as number,
      limit: limit as number,
    });
  }
  return due;
}
