import { performance } from 'node:perf_hooks';
import { percentile } from '../statistics.js';
import { Profiler } from './profiler.js';
import type { Sample } from './sample.js';

/**
 * Measures one round: wall time and CPU time between `start` and `stop`, and, if asked for, the
 * time of each call.
 */
export class Meter {
  private readonly latencies: number[] = [];
  private startedAt = 0;
  private stoppedAt = 0;
  private cpuAtStart = process.cpuUsage();
  private cpuMicros = 0;
  private readonly profiler: Profiler | undefined;

  /** @param profileFile where a CPU profile of the round goes; none is taken without it */
  constructor(profileFile?: string) {
    this.profiler = profileFile === undefined ? undefined : new Profiler(profileFile);
  }

  /** What must not be part of the measurement: collects garbage and starts the profiler. */
  async prepare(): Promise<void> {
    globalThis.gc?.();
    await this.profiler?.start();
  }

  start(): void {
    this.cpuAtStart = process.cpuUsage();
    this.startedAt = performance.now();
  }

  stop(): void {
    this.stoppedAt = performance.now();
    const { user, system } = process.cpuUsage(this.cpuAtStart);
    this.cpuMicros = user + system;
  }

  /** Measures all of `work`. */
  async during(work: () => Promise<unknown>): Promise<void> {
    await this.prepare();
    this.start();
    await work();
    this.stop();
  }

  /** Times one call. */
  async time(call: () => Promise<unknown>): Promise<void> {
    const before = performance.now();
    await call();
    this.note(performance.now() - before);
  }

  note(latencyMs: number): void {
    this.latencies.push(latencyMs);
  }

  /** The round's sample; ends the profile. */
  async sample(jobs: number): Promise<Sample> {
    await this.profiler?.stop();
    const sorted = this.latencies.toSorted((a, b) => a - b);
    return {
      jobs,
      wallMs: this.stoppedAt - this.startedAt,
      cpuMicros: this.cpuMicros,
      ...(sorted.length > 0 && { p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) }),
    };
  }
}
