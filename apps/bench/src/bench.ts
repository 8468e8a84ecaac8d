import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { BenchArguments } from './arguments.js';
import { engineNamed, type BenchEngine, type Isolation } from './engines/index.js';
import { ContestantProcess } from './process/contestant-process.js';
import { toRows, type Row } from './row.js';
import {
  SLOW_ENGINE_ROUNDS,
  type Contestant,
  type Sample,
  type Scenario,
} from './scenarios/index.js';

/** The part of a round's jobs that goes before the measured ones, in addition to them. */
const WARM_UP_SHARE = 1 / 4;

/**
 * Measures a scenario on an engine. Contestants take turns, in an order that is reversed each round,
 * each in its own process; a round starts on an empty prefix or schema and is cleaned up before the
 * next one. The first round warms up and does not count, nor do the first jobs of each round. Boot is the exception: it is measured cold,
 * so each round has fresh processes, and the store keeps its tables as it does between two deploys.
 */
export class Bench {
  private readonly processes = new Map<Contestant, ContestantProcess>();
  /** What is stored now and must be removed, whatever happens. */
  private readonly stored = new Map<Isolation, BenchEngine>();

  /** @param onRound told of progress */
  constructor(
    private readonly args: BenchArguments,
    private readonly onRound: (what: string) => void,
  ) {}

  async measure(scenario: Scenario, engineName: string): Promise<Row[]> {
    const baseline = this.args.baseline ?? engineName;
    const engines = { jobs: engineName, bullmq: baseline, plain: engineName };
    const isBoot = scenario.compares === 'boot';
    const contestants: Contestant[] = isBoot ? ['plain', 'jobs', 'bullmq'] : ['jobs', 'bullmq'];
    const samples = { jobs: [] as Sample[], bullmq: [] as Sample[], plain: [] as Sample[] };
    const rounds = this.roundsOf(scenario, [engineName, baseline]);
    const kept = new Map<Contestant, Isolation>();
    try {
      for (let round = 0; round <= rounds; round++) {
        for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
          this.onRound(`${engineName} ${scenario.name} ${contestant}, round ${round}/${rounds}`);
          const engine = engineNamed(engines[contestant]);
          const isolation = kept.get(contestant) ?? (await this.isolate(engine));
          if (isBoot) kept.set(contestant, isolation);
          const isLast = round === rounds;
          const sample = await this.runRound(scenario, contestant, engine, isolation, isLast);
          if (round > 0) samples[contestant].push(sample);
          if (isBoot) await this.endProcesses();
          else await this.cleanup(isolation);
        }
      }
    } finally {
      await this.stop();
    }
    return toRows({ scenario, concurrency: this.args.concurrency, ...samples }, engines);
  }

  /** Ends all processes and removes all that they stored. */
  async stop(): Promise<void> {
    await this.endProcesses();
    for (const isolation of this.stored.keys()) await this.cleanup(isolation);
  }

  private runRound(
    scenario: Scenario,
    contestant: Contestant,
    engine: BenchEngine,
    isolation: Isolation,
    isLast: boolean,
  ): Promise<Sample> {
    const { concurrency, profile } = this.args;
    const jobs = Math.max(2, Math.round(this.args.jobs * scenario.share));
    const name = `${engine.name}-${scenario.name}-${contestant}.cpuprofile`;
    return this.processOf(contestant).run({
      scenario: scenario.name,
      contestant,
      engine: engine.name,
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

  private processOf(contestant: Contestant): ContestantProcess {
    let process = this.processes.get(contestant);
    if (!process) this.processes.set(contestant, (process = new ContestantProcess()));
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
