import type { Isolation } from '../engines/index.js';
import type { Contestant, Sample } from '../scenarios/index.js';

/** From the benchmark to a contestant's process: run one round. */
export interface RoundRequest {
  readonly scenario: string;
  readonly contestant: Contestant;
  readonly engine: string;
  readonly isolation: Isolation;
  readonly jobs: number;
  readonly warmUp: number;
  readonly concurrency: number;
  /** Where to write a CPU profile of what is measured. */
  readonly profileFile?: string;
}

/** The answer: what was measured, or why nothing was. */
export type RoundReply = { readonly sample: Sample } | { readonly error: string };
