import type { BenchEngine, Isolation } from '../engines/index.js';
import type { SubjectName } from '../subjects/index.js';
import type { Meter } from './meter.js';

/** What runs in a process of its own: a subject, or (boot) the application without either. */
export type Contestant = SubjectName | 'plain';

/** One round of one contestant. */
export interface Work {
  readonly contestant: Contestant;
  readonly engine: BenchEngine;
  readonly isolation: Isolation;
  /** How many jobs are measured. */
  readonly jobs: number;
  /** How many jobs go before them: each round has new objects, which the compiler must learn. */
  readonly warmUp: number;
  readonly concurrency: number;
  readonly meter: Meter;
}

/** What one round measured. */
export interface Sample {
  readonly jobs: number;
  readonly wallMs: number;
  /** CPU time of the whole process: the module or BullMQ, its driver, Node. The store's is not in it. */
  readonly cpuMicros: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Boot alone: loading the packages, which precedes `wallMs`. */
  readonly loadMs?: number;
  /** Boot alone: resident memory after it and a garbage collection, in MB. */
  readonly residentMb?: number;
  readonly backlog?: Backlog;
  /** Recurring alone: registering everything once more. */
  readonly againMs?: number;
  /** Keyed alone: what jobs with keys reach of the throughput of the same jobs without. */
  readonly keyedRatio?: number;
  /** Boot alone: opening one connection and making one round trip. */
  readonly connectionMs?: number;
}

/** What a long backlog costs. */
export interface Backlog {
  /** How many jobs wait. */
  readonly waiting: number;
  /** What a job takes, as a multiple of what it takes with 1,000 waiting jobs. */
  readonly costRatio: number;
  /** Until a queue that is opened on it is ready. */
  readonly openMs: number;
  /** One `getJobCounts()`. */
  readonly countsMs: number;
}

/** What is compared in a row. */
export type Comparison = 'throughput' | 'latency' | 'boot';

/** One kind of measurement, written once for both subjects. */
export interface Scenario {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  readonly compares: Comparison;
  /** It takes minutes, so that it is run only when it is named. */
  readonly isLong?: boolean;
  /** Rounds that count, without `--rounds`; slow engines get at most {@link SLOW_ENGINE_ROUNDS}. */
  readonly rounds: number;
  /** The part of `--jobs` that a round takes. */
  readonly share: number;
  /** One round; `work.meter` is running during what is measured and nothing else. */
  run(work: Work): Promise<Sample>;
}

/** Rounds of the scenarios that take long on a slow engine. */
export const SLOW_ENGINE_ROUNDS = 5;
