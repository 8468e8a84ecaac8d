import type { BenchEngine, Isolation } from '../engines/index.js';

/** Who is measured: our module, or BullMQ with nothing around it. */
export type SubjectName = 'jobs' | 'bullmq';

/** What a subject is opened with. */
export interface SubjectSetup {
  readonly engine: BenchEngine;
  readonly isolation: Isolation;
  /** How many jobs its worker runs at once. */
  readonly concurrency: number;
  /** Whether it runs jobs, or only stores them. */
  readonly worker: boolean;
  /**
   * How many concurrency keys the jobs have, with one turn each; none if absent. For our module
   * alone.
   */
  readonly keys?: number;
  /** The whole work of the handler. */
  readonly onJob: (index: number) => void;
}

/** A subject that is connected and ready. */
export interface OpenSubject {
  /** Stores one job; resolves when the store has confirmed it. */
  enqueue(index: number): Promise<unknown>;
  /** Stores jobs in one call. */
  enqueueMany(indexes: readonly number[]): Promise<unknown>;
  /** Lets running jobs finish and closes every connection. */
  close(): Promise<void>;
}

/** Both subjects do the same work with the same settings; see job-settings.ts. */
export interface Subject {
  readonly name: SubjectName;
  open(setup: SubjectSetup): Promise<OpenSubject>;
}
