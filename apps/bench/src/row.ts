import type { Backlog, Contestant, Sample, Scenario } from './scenarios/index.js';
import { median, medianOf } from './statistics.js';
import type { SubjectName } from './subjects/index.js';

/** One who takes part in a comparison, and the engine that it runs on. */
export interface Entry {
  readonly contestant: Contestant;
  readonly engine: string;
}

/** All rounds of one entry; a round has the same index for each entry. */
export interface Measured extends Entry {
  readonly samples: Sample[];
}

/** The rounds of a scenario. */
export interface Rounds {
  readonly scenario: Scenario;
  readonly concurrency: number;
  readonly subjects: readonly Measured[];
  /** Raw BullMQ, which the others are compared with: one of the subjects. */
  readonly baseline: Measured;
  /** Boot alone: the application without either. */
  readonly plain: Measured | undefined;
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
   * The median of the rounds' ratios to raw BullMQ on the baseline engine: of jobs per second
   * (higher is better), or of p50Ms for latency and boot (lower is better). 1 for the baseline
   * itself.
   */
  readonly ratio: number;
  /** The lowest and the highest ratio of a round. */
  readonly ratioRange: readonly [number, number];
  /** The engine of raw BullMQ that this row is compared with. */
  readonly baseline: string;
  /** Of the subject's whole process, not of a store outside it. */
  readonly cpuMicrosPerJob: number | null;
  /** The median of the rounds' ratios of CPU time a job: lower is better. */
  readonly cpuRatio: number | null;
  /** How much more it takes than the baseline: the median of the rounds' p50 differences. */
  readonly p50DifferenceMs: number | null;
  readonly concurrency: number;
  readonly rounds: number;
  /** Boot alone: loading the packages, beyond the plain application; not part of p50Ms. */
  readonly loadMs?: number;
  /** Boot alone: one connection and one round trip; part of p50Ms. */
  readonly connectionMs?: number;
  /** Boot alone: resident memory beyond the plain application, in MB. */
  readonly memoryMb?: number;
  /** Backlog alone. */
  readonly backlog?: Backlog;
  /** Keyed alone: throughput with keys, as a part of that of the same jobs without. */
  readonly keyedRatio?: number;
  /** Recurring alone: registering all of them, and then once more. */
  readonly registerMs?: { readonly first: number; readonly again: number };
}

/** Whether the row is the one that others are compared with. */
export function isBaseline({ subject, engine, baseline }: Row): boolean {
  return subject === 'bullmq' && engine === baseline;
}

/** A row for each subject. */
export function toRows(rounds: Rounds): Row[] {
  return rounds.subjects.map((subject) => ({
    ...measuresOf(rounds, subject),
    engine: subject.engine,
    scenario: rounds.scenario.name,
    subject: subject.contestant as SubjectName,
    ...comparisonOf(rounds, subject),
    baseline: rounds.baseline.engine,
    concurrency: rounds.concurrency,
    rounds: subject.samples.length,
  }));
}

function measuresOf({ scenario, plain }: Rounds, { samples }: Measured) {
  const isBoot = scenario.compares === 'boot';
  const added = samples.map((sample, i) => sample.wallMs - (plain?.samples[i]?.wallMs ?? 0));
  const backlog = backlogOf(samples);
  const keyedRatio = medianOf(samples, (sample) => sample.keyedRatio);
  const againMs = medianOf(samples, (sample) => sample.againMs);
  const rate = scenario.compares === 'throughput' ? median(samples.map(perSecond)) : null;
  return {
    jobsPerSecond: rate,
    p50Ms: isBoot ? median(added) : (medianOf(samples, ({ p50Ms }) => p50Ms) ?? null),
    p99Ms: isBoot ? Math.max(...added) : (medianOf(samples, ({ p99Ms }) => p99Ms) ?? null),
    cpuMicrosPerJob: isBoot ? null : median(samples.map(cpuOf)),
    ...(backlog && { backlog }),
    ...(keyedRatio !== undefined && { keyedRatio }),
    ...(againMs !== undefined && {
      registerMs: { first: median(samples.map(({ wallMs }) => wallMs)), again: againMs },
    }),
    ...(isBoot && {
      loadMs: beyondPlain(samples, plain, ({ loadMs }) => loadMs!),
      memoryMb: beyondPlain(samples, plain, ({ residentMb }) => residentMb!),
      connectionMs: median(samples.map((sample) => sample.connectionMs!)),
    }),
  };
}

function backlogOf(samples: readonly Sample[]): Backlog | undefined {
  const backlogs = samples.flatMap(({ backlog }) => backlog ?? []);
  const [first] = backlogs;
  return (
    first && {
      waiting: first.waiting,
      costRatio: median(backlogs.map(({ costRatio }) => costRatio)),
      openMs: median(backlogs.map(({ openMs }) => openMs)),
      countsMs: median(backlogs.map(({ countsMs }) => countsMs)),
    }
  );
}

function beyondPlain(
  samples: readonly Sample[],
  plain: Measured | undefined,
  figure: (sample: Sample) => number,
): number {
  return median(
    samples.map((sample, i) => {
      const without = plain?.samples[i];
      return figure(sample) - (without ? figure(without) : 0);
    }),
  );
}

function comparisonOf({ scenario, plain, baseline }: Rounds, subject: Measured) {
  if (subject === baseline) {
    return { ratio: 1, ratioRange: [1, 1] as const, cpuRatio: null, p50DifferenceMs: null };
  }
  const pairs = subject.samples.map((ours, i) => {
    const without = plain?.samples[i]?.wallMs ?? 0;
    const theirs = baseline.samples[i]!;
    return [figureOf(scenario, ours, without), figureOf(scenario, theirs, without)] as const;
  });
  const ratios = pairs.map(([ours, theirs]) => ours / theirs);
  const isRate = scenario.compares === 'throughput';
  return {
    ratio: median(ratios),
    ratioRange: [Math.min(...ratios), Math.max(...ratios)] as const,
    cpuRatio:
      scenario.compares === 'boot'
        ? null
        : median(subject.samples.map((ours, i) => cpuOf(ours) / cpuOf(baseline.samples[i]!))),
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
