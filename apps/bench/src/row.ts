import type { Sample, Scenario } from './scenarios/index.js';
import { median, medianOf } from './statistics.js';
import type { SubjectName } from './subjects/index.js';

/** The rounds of both subjects; a round has the same index in each list. */
export interface Rounds {
  readonly scenario: Scenario;
  readonly concurrency: number;
  readonly jobs: readonly Sample[];
  readonly bullmq: readonly Sample[];
  /** Boot alone: the application without either. */
  readonly plain: readonly Sample[];
}

/** One subject in one scenario on one engine: medians over all rounds. */
export interface Row {
  readonly engine: string;
  readonly scenario: string;
  readonly subject: SubjectName;
  /** Null where one job at a time or none is measured: latency, boot. */
  readonly jobsPerSecond: number | null;
  /** Latency: enqueue to handler. Enqueue: one call. Boot: ms added to the plain application. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /**
   * The median of the rounds' ratios, jobs / bullmq: of jobs per second (higher is better), or of
   * p50Ms for latency and boot (lower is better). 1 for bullmq.
   */
  readonly ratio: number;
  /** The lowest and the highest ratio of a round. */
  readonly ratioRange: readonly [number, number];
  /** Of the subject's whole process, not of the store. */
  readonly cpuMicrosPerJob: number | null;
  /** The median of the rounds' ratios of CPU time a job, jobs / bullmq: lower is better. */
  readonly cpuRatio: number | null;
  /** How much more the module takes than BullMQ: the median of the rounds' p50 differences. */
  readonly p50DifferenceMs: number | null;
  readonly concurrency: number;
  readonly rounds: number;
  /** Boot alone: loading the packages, beyond the plain application; not part of p50Ms. */
  readonly loadMs?: number;
  /** Boot alone: one connection and one round trip; part of p50Ms. */
  readonly connectionMs?: number;
}

/** Both rows of a scenario. `engines` says where each subject ran. */
export function toRows(rounds: Rounds, engines: Readonly<Record<SubjectName, string>>): Row[] {
  return (['jobs', 'bullmq'] as const).map((subject) => ({
    ...measuresOf(rounds, subject),
    engine: engines[subject],
    scenario: rounds.scenario.name,
    subject,
    ...comparisonOf(rounds, subject),
    concurrency: rounds.concurrency,
    rounds: rounds.jobs.length,
  }));
}

function measuresOf({ scenario, plain, ...rounds }: Rounds, subject: SubjectName) {
  const samples = rounds[subject];
  const isBoot = scenario.compares === 'boot';
  const added = samples.map((sample, i) => sample.wallMs - (plain[i]?.wallMs ?? 0));
  const rate = scenario.compares === 'throughput' ? median(samples.map(perSecond)) : null;
  return {
    jobsPerSecond: rate,
    p50Ms: isBoot ? median(added) : (medianOf(samples, ({ p50Ms }) => p50Ms) ?? null),
    p99Ms: isBoot ? Math.max(...added) : (medianOf(samples, ({ p99Ms }) => p99Ms) ?? null),
    cpuMicrosPerJob: isBoot ? null : median(samples.map(cpuOf)),
    ...(isBoot && {
      loadMs: median(samples.map((sample, i) => sample.loadMs! - (plain[i]?.loadMs ?? 0))),
      connectionMs: median(samples.map((sample) => sample.connectionMs!)),
    }),
  };
}

function comparisonOf({ scenario, ...rounds }: Rounds, subject: SubjectName) {
  if (subject === 'bullmq') {
    return { ratio: 1, ratioRange: [1, 1] as const, cpuRatio: null, p50DifferenceMs: null };
  }
  const pairs = rounds.jobs.map((ours, i) => {
    const plain = rounds.plain[i]?.wallMs ?? 0;
    return [figureOf(scenario, ours, plain), figureOf(scenario, rounds.bullmq[i]!, plain)] as const;
  });
  const ratios = pairs.map(([ours, theirs]) => ours / theirs);
  const isRate = scenario.compares === 'throughput';
  return {
    ratio: median(ratios),
    ratioRange: [Math.min(...ratios), Math.max(...ratios)] as const,
    cpuRatio:
      scenario.compares === 'boot'
        ? null
        : median(rounds.jobs.map((ours, i) => cpuOf(ours) / cpuOf(rounds.bullmq[i]!))),
    p50DifferenceMs: isRate ? null : median(pairs.map(([ours, theirs]) => ours - theirs)),
  };
}

/** What the ratio is made of. @param plainMs the boot of the application without either */
function figureOf({ compares }: Scenario, sample: Sample, plainMs: number): number {
  if (compares === 'throughput') return perSecond(sample);
  return compares === 'latency' ? sample.p50Ms! : sample.wallMs - plainMs;
}

function perSecond({ jobs, wallMs }: Sample): number {
  return (jobs / wallMs) * 1_000;
}

function cpuOf({ cpuMicros, jobs }: Sample): number {
  return cpuMicros / jobs;
}
