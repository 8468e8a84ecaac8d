import type { BenchEngine, Isolation } from '../engines/index.js';
import type { SubjectName } from '../subjects/index.js';
import type { Meter } from './meter.js';
import type { Sample } from './sample.js';

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
