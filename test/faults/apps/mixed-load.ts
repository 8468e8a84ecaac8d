import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { type JobHandle, JobScheduler } from 'nestjs-jobs';
import { LedgerWriter } from '../harness/ledger.js';
import type { AppCommands } from '../harness/protocol.js';
import { Random } from '../harness/seeds.js';
import { Mixed } from './mixed.js';

const KEYS = 12;
const LONGEST_JOB_MS = 60;
const LONGEST_DELAY_MS = 2_000;

/** Of this many jobs the last ones may be meddled with. */
const REMEMBERED = 60;

/** A job that somebody may meddle with. */
export interface Known {
  readonly handle: JobHandle;
  /** Its label first, then those of what may not run if it does not. */
  readonly labels: readonly string[];
  readonly kind: 'doomed' | 'delayed' | 'other';
}

type Kind = (label: string, random: Random) => Promise<Known[]>;

/** Enqueues jobs of every kind, at random. */
@Injectable()
export class MixedLoad {
  /** The newest jobs of this process. */
  readonly known: Known[] = [];
  private calls = 0;

  private readonly kinds: readonly Kind[] = [
    (label, r) =>
      this.one(
        label,
        this.jobs.enqueue(Mixed, (s) => s.plain(label, msOf(r))),
      ),
    (label, r) => {
      const options = { delay: r.int(0, LONGEST_DELAY_MS) };
      return this.one(
        label,
        this.jobs.schedule(Mixed, (s) => s.plain(label, msOf(r)), options),
        'delayed',
      );
    },
    (label, r) => {
      const options = { priority: r.int(1, 9) };
      return this.one(
        label,
        this.jobs.enqueue(Mixed, (s) => s.plain(label, msOf(r)), options),
      );
    },
    (label, r) =>
      this.one(
        label,
        this.jobs.enqueue(Mixed, (s) => s.flaky(label, msOf(r), r.int(1, 3))),
      ),
    (label, r) => {
      this.excuse(label, 'it fails');
      return this.one(
        label,
        this.jobs.enqueue(Mixed, (s) => s.doomed(label, msOf(r))),
        'doomed',
      );
    },
    (label, r) => this.keyed(label, r),
    (label, r) => this.keyed(label, r),
    (label, r) => this.unique(label, r),
    (label, r) => this.idempotent(label, r),
    (label, r) =>
      this.one(
        label,
        this.jobs.enqueue(Mixed, (s) => s.steps(label, r.int(1, 20))),
      ),
    (label, r) => this.continued(label, r),
    (label, r) => this.joined(label, r),
    (label, r) => this.declared(label, r),
    (label, r) => this.batch(label, r),
  ];

  constructor(
    private readonly jobs: JobScheduler,
    private readonly ledger: LedgerWriter,
  ) {}

  async run({ seed, name, ms, lanes, pauseMs }: AppCommands['mix'][0]): Promise<{ calls: number }> {
    const until = performance.now() + ms;
    const random = new Random(seed, name);
    const lane = async (): Promise<void> => {
      while (performance.now() < until) {
        const kind = random.pick(this.kinds);
        const known = await kind(`${name}.${(this.calls += 1)}`, random);
        this.known.push(...known);
        this.known.splice(0, this.known.length - REMEMBERED);
        await delay(random.int(0, 2 * pauseMs));
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return { calls: this.calls };
  }

  /** Notes that a job need not run. To be called before the reason is there. */
  excuse(label: string, why: string): void {
    this.ledger.append({ type: 'excused', label, why });
  }

  private keyed(label: string, random: Random): Promise<Known[]> {
    const number = random.int(0, KEYS - 1);
    const key = `key${number}x${(number % 3) + 1}`;
    const name = `${key}-${label}`;
    const ms = msOf(random);
    return this.one(
      name,
      this.jobs.enqueue(Mixed, (s) => s.keyed(key, name, ms)),
    );
  }

  private async unique(label: string, random: Random): Promise<Known[]> {
    const key = `unique${random.int(0, KEYS - 1)}x1`;
    const name = `${key}-${label}`;
    const ms = msOf(random);
    this.attempt(name);
    // What is a duplicate of it is not to run: only the holder of a key is promised, which has been
    // acked by its own call.
    await this.jobs.enqueue(Mixed, (s) => s.unique(key, name, ms));
    return [];
  }

  /** Asked for twice, and again later. */
  private async idempotent(label: string, random: Random): Promise<Known[]> {
    const ms = msOf(random);
    const options = { idempotencyKey: label };
    const call = () => this.jobs.enqueue(Mixed, (s) => s.plain(label, ms), options);
    this.attempt(label);
    const handles = await Promise.all([call(), call()]);
    await delay(random.int(0, 200));
    handles.push(await call());
    for (const { id: jobId } of handles) this.ledger.append({ type: 'acked', label, jobId });
    return [];
  }

  private async continued(label: string, random: Random): Promise<Known[]> {
    const [antecedent] = await this.keyed(label, random);
    const next = `then.${antecedent!.labels[0]!}`;
    this.attempt(next);
    const handle = await this.jobs.continueWith(antecedent!.handle, Mixed, (s, value) =>
      s.follow(next, value),
    );
    this.ack(next, handle);
    return [
      { ...antecedent!, labels: [...antecedent!.labels, next] },
      { handle, labels: [next], kind: 'other' },
    ];
  }

  /** After several, of which one may fail while another one runs. */
  private async joined(label: string, random: Random): Promise<Known[]> {
    const [first] = await this.keyed(`${label}a`, random);
    const fails = random.next() < 0.5;
    const other = `${label}b`;
    if (fails) this.excuse(other, 'it fails');
    const ms = msOf(random);
    const [second] = await this.one(
      other,
      this.jobs.enqueue(Mixed, (s) => (fails ? s.doomed(other, ms) : s.plain(other, ms))),
    );
    const next = `then.${label}`;
    if (fails) this.excuse(next, 'a job before it fails');
    this.attempt(next);
    const after = [first!.handle, second!.handle] as const;
    const handle = await this.jobs.continueWith(after, Mixed, (s, values) =>
      s.follow(next, values),
    );
    this.ack(next, handle);
    return [first!, second!].map((known) => ({ ...known, labels: [...known.labels, next] }));
  }

  private async declared(label: string, random: Random): Promise<Known[]> {
    const key = `declared${random.int(0, 3)}x1`;
    const name = `${key}-${label}`;
    const next = `then.${name}`;
    const ms = msOf(random);
    this.attempt(next);
    const [known] = await this.one(
      name,
      this.jobs.enqueue(Mixed, (s) => s.declaring(key, name, ms)),
    );
    this.ack(next, undefined);
    return [{ ...known!, labels: [name, next] }];
  }

  /** A batch in a batch, each with an end of its own. */
  private async batch(label: string, random: Random): Promise<Known[]> {
    const names = Array.from({ length: random.int(1, 4) }, (_, i) => `${label}.outer${i}`);
    const inner = Array.from({ length: random.int(1, 3) }, (_, i) => `${label}.inner${i}`);
    const ends = [`${label}.outer-end`, `${label}.inner-end`] as const;
    const ms = msOf(random);
    for (const name of [...names, ...inner, ...ends]) this.attempt(name);
    const handles: JobHandle[] = [];
    await this.jobs.batch(
      (outer) => {
        for (const name of names) handles.push(outer.enqueue(Mixed, (s) => s.plain(name, ms)));
        outer.batch(
          (nested) => {
            for (const name of inner)
              handles.push(nested.enqueue(Mixed, (s) => s.flaky(name, ms, 1)));
          },
          { onFinished: [Mixed, (s, batch) => s.batchEnd(ends[1], batch)] },
        );
      },
      { onFinished: [Mixed, (s, batch) => s.batchEnd(ends[0], batch)] },
    );
    for (const end of ends) this.ack(end, undefined);
    return [...names, ...inner].map((name, i) => {
      this.ack(name, handles[i]);
      return { handle: handles[i]!, labels: [name], kind: 'other' };
    });
  }

  private async one(
    label: string,
    call: Promise<JobHandle>,
    kind: Known['kind'] = 'other',
  ): Promise<Known[]> {
    // The call is made, and nothing of it was sent.
    this.attempt(label);
    const handle = await call;
    this.ack(label, handle);
    return [{ handle, labels: [label], kind }];
  }

  private attempt(label: string): void {
    this.ledger.append({ type: 'attempted', label });
  }

  private ack(label: string, handle: JobHandle | undefined): void {
    this.ledger.append({ type: 'acked', label, jobId: handle?.id ?? '' });
  }
}

function msOf(random: Random): number {
  return random.int(0, LONGEST_JOB_MS);
}
