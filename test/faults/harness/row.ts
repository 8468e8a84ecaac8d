import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import {
  type EngineFixture,
  type EngineName,
  type Isolation,
  placeOn,
} from '../../support/engines.js';
import { AppProcess, type AppProcessOptions } from './app-process.js';
import { check, type Verdict } from './checker.js';
import { printFigures } from './figures.js';
import { LedgerReader, ledgerNow, LedgerWriter } from './ledger.js';
import { type OwnStore, type ServerName, startOwnStore } from './own-store.js';
import type { AppConfig, JobAddress, StoredJob } from './protocol.js';
import { LONG, Random, SEED } from './seeds.js';

const POLL_MS = 20;
const STORE_POLL_MS = 200;

/** To read what happened in a row that passed. */
const KEEP_LEDGERS = Boolean(process.env.FAULTS_KEEP);

export type RowAppOptions = Partial<Omit<AppConfig, 'ledger' | 'prefix' | 'schema'>> &
  AppProcessOptions;

/**
 * One kind of fault on one engine: its ledger, its processes, its randomness.
 * Everything it starts is ended with the test. The ledger of a row that failed is kept.
 */
export class Row {
  readonly ledger: LedgerReader;
  readonly random: Random;
  private readonly processes: AppProcess[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'nestjs-jobs-faults-'));
  private readonly ledgerPath = join(this.folder, 'ledger.jsonl');
  private readonly writer = new LedgerWriter(this.ledgerPath);

  constructor(
    readonly title: string,
    readonly engine: EngineName,
    readonly url: string,
    readonly isolation: Isolation,
  ) {
    this.ledger = new LedgerReader(this.ledgerPath);
    this.random = new Random(SEED, `${title} on ${engine}`);
  }

  /** Starts an application and waits until it is ready. */
  async start(options: RowAppOptions = {}): Promise<AppProcess> {
    const app = this.fork(options);
    await app.ready();
    return app;
  }

  /** Starts an application that only enqueues and reads. */
  startProducer(options: RowAppOptions = {}): Promise<AppProcess> {
    return this.start({ ...options, options: { ...options.options, workers: false } });
  }

  fork({ clockShiftMs, released, ...config }: RowAppOptions = {}): AppProcess {
    const app = AppProcess.fork(
      {
        connection: this.url,
        ...placeOn(this.url, this.isolation),
        ledger: this.ledgerPath,
        ...config,
        options: {
          ...config.options,
          // The checker wants to see how every job ended.
          defaults: { removeOnComplete: false, removeOnFail: false, ...config.options?.defaults },
        },
      },
      {
        ...(clockShiftMs !== undefined && { clockShiftMs }),
        ...(released !== undefined && { released }),
      },
    );
    this.processes.push(app);
    return app;
  }

  /** Kills a process as `kill -9` does, and writes that down. */
  async kill(app: AppProcess): Promise<void> {
    const from = ledgerNow();
    await app.kill();
    this.writer.append({ type: 'fault', kind: 'kill', pid: app.pid, from, until: ledgerNow() });
  }

  /** Does harm to all processes, and writes down how long it lasted. */
  async fault<T>(kind: string, harm: () => Promise<T>, effectMs = 0): Promise<T> {
    const from = ledgerNow();
    const outcome = await harm();
    this.writer.append({ type: 'fault', kind, from, until: ledgerNow() + effectMs });
    return outcome;
  }

  /** Writes down that a process is harmed by what the row does to it. */
  noteFault(kind: string, app: AppProcess, from: number, until: number): void {
    this.writer.append({ type: 'fault', kind, pid: app.pid, from, until });
  }

  /**
   * Waits until something shows in the ledger or in the store. Fails when a process dies meanwhile.
   */
  async until(
    what: string,
    holds: () => boolean | Promise<boolean>,
    deadlineMs: number,
  ): Promise<void> {
    for (const deadline = Date.now() + deadlineMs; ;) {
      this.ledger.refresh();
      const answer = holds();
      if (await answer) return;
      this.refuseDeaths();
      if (Date.now() > deadline) {
        throw new Error(`${what}: not so within ${deadlineMs} ms\n${this.describe()}`);
      }
      // The store is under test: it is not asked as often as a file is read.
      await delay(answer instanceof Promise ? STORE_POLL_MS : POLL_MS);
    }
  }

  /**
   * Waits until all acked jobs have run and are settled in the store, writes their stored states
   * into the ledger, and judges it. Jobs that do not get there in time are for the checker to find.
   */
  async settled(observer: AppProcess, deadlineMs: number): Promise<Verdict> {
    const deadline = Date.now() + deadlineMs;
    for (;;) {
      this.refuseDeaths();
      const isLate = Date.now() > deadline;
      const allHaveRun = check(this.ledger.refresh()).lost.length === 0;
      if (allHaveRun || isLate) {
        const stored = await observer.call('inspect', this.addresses());
        if (isLate || stored.every(({ state }) => state === 'completed' || state === 'failed')) {
          for (const { label, jobId, state, result } of stored) {
            this.writer.append({ type: 'stored', label, jobId, state, result });
          }
          return check(this.ledger.refresh());
        }
      }
      await delay(STORE_POLL_MS);
    }
  }

  /** Every job that was acked or ran. */
  addresses(): JobAddress[] {
    this.ledger.refresh();
    const known = new Map<string, JobAddress>();
    for (const { label, jobId } of [...this.ledger.of('acked'), ...this.ledger.of('started')]) {
      known.set(jobId, { label, jobId });
    }
    return [...known.values()];
  }

  /** What the store says of all jobs, by label. */
  async stored(observer: AppProcess): Promise<Map<string, StoredJob>> {
    const jobs = await observer.call('inspect', this.addresses());
    return new Map(jobs.map((job) => [job.label, job]));
  }

  /** How many labels have a `started` line; with `prefix`, of those labels alone. */
  startedCount(prefix = ''): number {
    const started = this.ledger.of('started').filter(({ label }) => label.startsWith(prefix));
    return new Set(started.map(({ label }) => label)).size;
  }

  /** Prints the row's line. */
  print(figures: string): void {
    printFigures(`${this.title} on ${this.engine}`, figures);
    if (KEEP_LEDGERS) console.log(`faults: the ledger is ${this.ledgerPath}`);
  }

  /** Lines that processes printed at level warn and error, without expected ones. */
  complaints(expected: RegExp): string[] {
    const all = this.processes.flatMap(({ complaints }) => complaints);
    return all.filter((line) => !expected.test(line));
  }

  /** A process that died without being killed by the row is a failure of the module. */
  refuseDeaths(): void {
    const dead = this.processes.find((app) => app.exit !== undefined && !app.mayDie);
    if (dead) throw new Error(`process ${dead.pid} died by itself: ${dead.description}`);
  }

  /** Ends all processes; with `keepLedger`, says where the ledger is. */
  async end(keepLedger: boolean): Promise<void> {
    await Promise.all(this.processes.map((app) => app.kill()));
    this.writer.close();
    this.ledger.close();
    if (!keepLedger) rmSync(this.folder, { recursive: true, force: true });
  }

  /** For the message of a failure. */
  describe(): string {
    const { events } = this.ledger;
    const counts = Object.entries(Object.groupBy(events, ({ type }) => type)).map(
      ([type, list]) => `${list.length} ${type}`,
    );
    const outputs = this.processes.map((app) => `--- process ${app.pid} ${app.description}`);
    return `seed ${SEED}, ledger ${this.ledgerPath}: ${counts.join(', ')}\n${outputs.join('\n')}`;
  }
}

/**
 * Starts a row on a server that all tests share; it ends with the test.
 * @param title names the row in its figures, and its random choices
 */
export function startRow(title: string, engine: EngineFixture): Row {
  const isolation = engine.isolation();
  onTestFinished(() => engine.cleanup(isolation));
  return endWithTest(new Row(title, engine.name, engine.url, isolation));
}

/** Starts a row on a store of its own, which it may harm; both end with the test. */
export async function startOwnStoreRow(
  title: string,
  engine: ServerName,
): Promise<{ row: Row; store: OwnStore }> {
  const store = await startOwnStore(engine);
  onTestFinished(() => store.stop());
  const row = new Row(title, engine, store.url, { prefix: 'faults', schema: 'faults' });
  return { row: endWithTest(row), store };
}

/** Starts a row on a store that its file has made; it ends with the test. */
export function startRowAt(title: string, engine: EngineName, url: string): Row {
  return endWithTest(new Row(title, engine, url, { prefix: 'faults', schema: 'faults' }));
}

/** How long a row may take, ms: a deadline for what hangs, not a measure. */
export function rowTimeout(short: number, long: number): number {
  return LONG ? long : short;
}

/** Hooks run in reverse, so this one runs before those that were registered for the store. */
function endWithTest(row: Row): Row {
  onTestFinished(async ({ task }) => {
    const failed = task.result?.state === 'fail' && !task.fails;
    if (failed) console.error(`faults: ${row.title} on ${row.engine} FAILED\n${row.describe()}`);
    await row.end(failed || KEEP_LEDGERS);
  });
  return row;
}
