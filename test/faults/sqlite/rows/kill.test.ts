import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { printFigures } from '../../harness/figures.js';
import { LONG, QUICK, Random, SEED } from '../../harness/seeds.js';
import { Child } from '../harness/child.js';
import { CrashLedger } from '../harness/crash-ledger.js';
import { testFolder } from '../harness/store-row.js';

const KILLS = LONG ? 1_000 : QUICK ? 15 : 100;
const TIMEOUT_MS = LONG ? 900_000 : 120_000;
const LIFE_MS = [20, 220] as const;
const DRAIN_MS = 30_000;

type Life = Child<{ type: 'loaded' | 'running' }, { type: 'go' }>;

/** Starts processes on one file and kills them. */
class Killing {
  readonly file: string;
  readonly ledger: CrashLedger;
  readonly random: Random;
  #lives = 0;

  constructor(title: string) {
    const folder = testFolder();
    this.file = join(folder, 'jobs.sqlite');
    this.ledger = new CrashLedger(join(folder, 'ledger'));
    this.random = new Random(SEED, title);
  }

  load(adds = true): { life: number; child: Life } {
    const life = ++this.#lives;
    const config = { path: this.file, ledger: this.ledger.path, life, adds };
    return { life, child: new Child('crash-app', config) };
  }

  /** One process after the other: the next one is loaded while this one lives. */
  async lane(kills: number): Promise<void> {
    let next = this.load();
    for (let kill = 0; kill < kills; kill += 1) {
      const { life, child } = next;
      await child.until('loaded', () => child.told.length > 0);
      child.order({ type: 'go' });
      next = this.load();
      // One in ten dies while it opens the file.
      if (kill % 10 > 0) await child.until('running', () => child.told.length > 1);
      await delay(this.random.int(...LIFE_MS));
      await child.kill();
      this.ledger.killed(life);
      // Whoever comes first recovers the file: this process, or the next one.
      if (kill % 2 === 0) this.check();
    }
    await next.child.kill();
  }

  check(isOver = false): void {
    this.ledger.check(this.file, isOver);
    expect(this.ledger.faults).toEqual([]);
  }

  /** Lets a process that is not killed run what is left. */
  async drain(): Promise<void> {
    const { child } = this.load(false);
    await child.until('loaded', () => child.told.length > 0);
    child.order({ type: 'go' });
    const until = performance.now() + DRAIN_MS;
    while (this.#unfinished() > 0 && performance.now() < until) await delay(50);
    await child.kill();
    this.check(true);
  }

  #unfinished(): number {
    const database = new DatabaseSync(this.file, { readOnly: true, timeout: 5_000 });
    const row = database
      .prepare(
        `SELECT count(*) AS n FROM job WHERE state NOT IN ('completed', 'failed') OR state IS NULL`,
      )
      .get();
    database.close();
    return Number(row?.['n']);
  }
}

describe('kill -9', () => {
  it.each([
    ['one process at a time', 1],
    ['one of two processes', 2],
  ])(
    'loses nothing, repeats nothing that had ended, and damages nothing: %s',
    async (title, lanes) => {
      const killing = new Killing(title);
      const started = performance.now();

      await Promise.all(Array.from({ length: lanes }, () => killing.lane(KILLS / lanes)));
      const seconds = ((performance.now() - started) / 1_000).toFixed(0);
      await killing.drain();

      const { added, repeats } = killing.ledger;
      printFigures(
        `kill -9 of bullmq-sqlite, ${title}`,
        `${KILLS} kills, ${added} jobs, ${repeats} runs cut off and repeated, ${seconds} s and ${((performance.now() - started) / 1_000).toFixed(0)}`,
      );
      expect(added).toBeGreaterThan(KILLS * 10);
      expect(repeats).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
