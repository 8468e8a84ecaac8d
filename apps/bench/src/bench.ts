import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { BenchArguments } from './arguments.js';
import { engineNamed, type BenchEngine, type Isolation } from './engines/index.js';
import { ContestantProcess } from './process/contestant-process.js';
import { toRows, type Entry, type Measured, type Row } from './row.js';
import {
  SLOW_ENGINE_ROUNDS,
  type Contestant,
  type Sample,
  type Scenario,
} from './scenarios/index.js';

/** The part of a round's jobs that goes before the measured ones, in addition to them. */
const WARM_UP_SHARE = 1 / 4;

/**
 * Measures a scenario on an engine. Contestants take turns, in an order that is reversed each
 * round, each in its own process; a round starts on an empty prefix or schema and is cleaned up
 * before the next one. The first round warms up and does not count, nor do the first jobs of each
 * round. Boot is the exception: it is measured cold, so each round has fresh processes, and a
 * server keeps its tables as it does between two deploys.
 */
export class Bench {
  private readonly processes = new Map<string, ContestantProcess>();
  /** What is stored now and must be removed, whatever happens. */
  private readonly stored = new Map<Isolation, BenchEngine>();

  /** @param onRound told of progress */
  constructor(
    private readonly args: BenchArguments,
    private readonly onRound: (what: string) => void,
  ) {}

  async measure(scenario: Scenario, engineName: string): Promise<Row[]> {
    const { concurrency, baseline: baselineEngine = engineName } = this.args;
    const isBoot = scenario.compares === 'boot';
    const baseline = entryOf('bullmq', baselineEngine);
    const subjects = [entryOf('jobs', engineName)];
    if (baselineEngine !== engineName) subjects.push(entryOf('bullmq', engineName));
    subjects.push(baseline);
    const plain = isBoot ? entryOf('plain', engineName) : undefined;
    const entries = plain ? [plain, ...subjects] : subjects;
    const rounds = this.roundsOf(scenario, [engineName, baselineEngine]);
    const kept = new Map<Measured, Isolation>();
    try {
      for (let round = 0; round <= rounds; round++) {
        for (const entry of round % 2 === 0 ? entries : entries.toReversed()) {
          this.onRound(`${scenario.name} ${nameOf(entry)}, round ${round}/${rounds}`);
          const engine = engineNamed(entry.engine);
          const isolation = kept.get(entry) ?? (await this.isolate(engine));
          const isKept = isBoot && engine.isEmbedded !== true;
          if (isKept) kept.set(entry, isolation);
          const sample = await this.runRound(scenario, entry, isolation, round === rounds);
          if (round > 0) entry.samples.push(sample);
          if (isBoot) await this.endProcesses();
          if (!isKept) await this.cleanup(isolation);
        }
      }
    } finally {
      await this.stop();
    }
    return toRows({ scenario, concurrency, subjects, baseline, plain });
  }

  /** Ends all processes and removes all that they stored. */
  async stop(): Promise<void> {
    await this.endProcesses();
    for (const isolation of this.stored.keys()) await this.cleanup(isolation);
  }

  private runRound(
    scenario: Scenario,
    entry: Entry,
    isolation: Isolation,
    isLast: boolean,
  ): Promise<Sample> {
    const { concurrency, profile } = this.args;
    const jobs = Math.max(2, Math.round(this.args.jobs * scenario.share));
    const name = `${entry.engine}-${scenario.name}-${entry.contestant}.cpuprofile`;
    return this.processOf(entry).run({
      scenario: scenario.name,
      contestant: entry.contestant,
      engine: entry.engine,
      isolation,
      jobs,
      warmUp: Math.ceil(jobs * WARM_UP_SHARE),
      concurrency,
      ...(profile !== undefined && isLast && { profileFile: join(profile, name) }),
    });
  }

  private roundsOf(scenario: Scenario, engines: readonly string[]): number {
    const isSlow = engines.some((name) => engineNamed(name).isSlow);
    const own = isSlow ? Math.min(scenario.rounds, SLOW_ENGINE_ROUNDS) : scenario.rounds;
    return this.args.rounds ?? own;
  }

  private processOf(entry: Entry): ContestantProcess {
    const name = nameOf(entry);
    let process = this.processes.get(name);
    if (!process) this.processes.set(name, (process = new ContestantProcess()));
    return process;
  }

  private async isolate(engine: BenchEngine): Promise<Isolation> {
    const isolation = { id: `bench_${randomBytes(6).toString('hex')}` };
    this.stored.set(isolation, engine);
    await engine.prepare(isolation);
    return isolation;
  }

  private async cleanup(isolation: Isolation): Promise<void> {
    await this.stored.get(isolation)?.cleanup(isolation);
    this.stored.delete(isolation);
  }

  private async endProcesses(): Promise<void> {
    await Promise.all([...this.processes.values()].map((process) => process.end()));
    this.processes.clear();
  }
}

function entryOf(contestant: Contestant, engine: string): Measured {
  return { contestant, engine, samples: [] };
}

function nameOf({ contestant, engine }: Entry): string {
  return `${contestant} on ${engine}`;
}
