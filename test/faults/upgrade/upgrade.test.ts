import { expect, it } from 'vitest';
import type { AppProcess } from '../harness/app-process.js';
import { checkMixed } from '../harness/mixed-verdict.js';
import { describeRow } from '../harness/row-engines.js';
import { type Row, type RowAppOptions, rowTimeout, startRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';
import { checkTicks, EACH_SECOND, ended, MIXED, rowsLeft, sum } from '../rows/mixed-row.js';

/** How often the whole fleet goes from the release to the present version and back. */
const DEPLOYS = LONG ? 10 : 1;

/**
 * Of the load that goes on while processes are replaced: one call after the other, until they are.
 */
const LOAD_MS = 2_000;

/**
 * What handlers that are told to fail have logged, what a kill leads to, and a program that is slow
 * to say otherwise.
 */
const EXPECTED =
  /failed attempt|failed for good|is taken over|lost its lock|Shutdown hooks are off/;

/** Jobs stay until the end, so that both versions can be asked for them. */
const APP: RowAppOptions = {
  ...MIXED,
  options: { ...MIXED.options, defaults: { concurrency: 10 } },
};
const OLD: RowAppOptions = { ...APP, released: true };
const asWorker = (app: RowAppOptions): RowAppOptions => ({ ...app, recurring: [EACH_SECOND] });

describeRow('two versions on one store', (engine) => {
  it(
    'lose and double nothing, and read each other',
    async () => {
      const row = startRow('upgrade', engine);
      const producers = [await row.startProducer(OLD), await row.startProducer(APP)] as const;
      const fleet = new Fleet(row);
      for (const app of [OLD, OLD, APP, APP]) await fleet.add(app);
      const stopLoad = startLoad(row, producers);
      for (let deploy = 0; deploy < DEPLOYS; deploy += 1) {
        await fleet.replace(OLD, APP);
        await fleet.replace(APP, OLD);
      }
      await stopLoad();

      const [older, newer] = producers;
      await newer.call('endRecurring', undefined);
      const left = await ended(row, newer);
      // One view after the other: what is looked at is at rest.
      const views = [await row.stored(older), await row.stored(newer)] as const;
      await newer.call('clean', undefined);
      const rows = LONG ? await rowsLeft(row, newer, engine) : [];
      const verdict = checkMixed(row.ledger.refresh());
      const ticks = checkTicks(row);
      const unreadable = [...row.complaints(EXPECTED), ...differences(...views)];

      const { lost, doubled, storedTwice, excess } = verdict;
      row.print(
        `${fleet.replaced} replaced (${fleet.killed} killed), acked ${verdict.acked}, runs ${verdict.runs}, lost ` +
          `${lost.length}, doubled without a kill ${doubled.length}, stored twice ${storedTwice.length}, limits exceeded ` +
          `${excess}, stuck ${sum(left)}, unreadable ${unreadable.length}, ticks ${ticks.due} (missed ${ticks.missed}, ` +
          `twice ${ticks.twice}), rows left ${rows.length}`,
      );
      expect({ left, rows, unreadable }).toEqual({ left: {}, rows: [], unreadable: [] });
      expect(verdict).toMatchObject({
        lost: [],
        unexpected: [],
        doubled: [],
        storedTwice: [],
        steppedTwice: [],
        early: [],
        excess: 0,
      });
      expect(ticks).toMatchObject({ missed: 0, twice: 0 });
    },
    rowTimeout(240_000, 1_200_000),
  );
});

/** The processes that work. */
class Fleet {
  replaced = 0;
  killed = 0;
  private readonly members: { readonly app: RowAppOptions; readonly process: AppProcess }[] = [];

  constructor(private readonly row: Row) {}

  async add(app: RowAppOptions): Promise<void> {
    this.members.push({ app, process: await this.row.start(asWorker(app)) });
  }

  /** Replaces all of one version, one by one: the new process is there before the old one goes. */
  async replace(one: RowAppOptions, other: RowAppOptions): Promise<void> {
    for (const member of this.members.filter(({ app }) => app === one)) {
      await this.add(other);
      this.members.splice(this.members.indexOf(member), 1);
      this.replaced += 1;
      await this.end(member.process);
    }
  }

  /** Some deploys give a process no time. */
  private async end(process: AppProcess): Promise<void> {
    if (LONG && this.row.random.next() < 0.3) {
      this.killed += 1;
      return this.row.kill(process);
    }
    const { signal } = await process.stop();
    if (signal !== 'SIGTERM') throw new Error(`a process did not stop: ${process.description}`);
  }
}

/** Has both versions enqueue jobs of every kind, and meddle with them. @returns ends it */
function startLoad(row: Row, producers: readonly AppProcess[]): () => Promise<void> {
  let goesOn = true;
  const seed = () => row.random.int(0, 1e9);
  const lanes = producers.map(async (producer, version) => {
    for (let round = 0; goesOn; round += 1) {
      const name = `v${version}r${round}`;
      await Promise.all([
        producer.call('mix', { seed: seed(), name, ms: LOAD_MS, lanes: 1, pauseMs: 60 }),
        producer.call('meddle', { seed: seed(), ms: LOAD_MS, pauseMs: 60 }),
      ]);
    }
  });
  return async () => {
    goesOn = false;
    await Promise.all(lanes);
  };
}

type View = Awaited<ReturnType<Row['stored']>>;

/** Jobs of which two versions say different things. */
function differences(one: View, other: View): string[] {
  return [...one].flatMap(([label, job]) => {
    const [a, b] = [job, other.get(label)].map((known) => JSON.stringify(known));
    return a === b ? [] : [`${label}: ${a} or ${b}`];
  });
}
