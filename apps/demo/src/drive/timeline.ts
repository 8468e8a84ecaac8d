import { setTimeout as pause } from 'node:timers/promises';
import type { JobLink } from '../jobs/job-link.js';
import type { JobStatus } from '../jobs/job-status.js';
import type { ShopClient } from './shop.client.js';

const POLL_MS = 25;

/** Follows jobs through their states, and prints one line for each change that a client can see. */
export class Timeline {
  private readonly startedAt = performance.now();

  constructor(
    private readonly shop: ShopClient,
    private readonly print: (line: string) => void,
  ) {}

  /** Prints a line of its own, with the time. */
  note(what: string, text = ''): void {
    const elapsed = `${Math.round(performance.now() - this.startedAt)} ms`;
    this.print(`${elapsed.padStart(9)}  ${what.padEnd(20)} ${text}`.trimEnd());
  }

  /**
   * Polls a job until it is finished.
   * @throws Error when it is not finished in time
   */
  async follow(what: string, link: JobLink, timeoutMs: number): Promise<JobStatus> {
    const deadline = Date.now() + timeoutMs;
    let shown = '';
    for (;;) {
      const status = await this.shop.job(link);
      const line = describe(status);
      if (line !== shown) this.note(what, line);
      shown = line;
      if (status.state === 'completed' || status.state === 'failed') return status;
      if (Date.now() > deadline) {
        throw new Error(`${what}: expected the job to finish in ${timeoutMs} ms, got ${line}`);
      }
      await pause(POLL_MS);
    }
  }
}

function describe({ state, attempts, progress, failure }: JobStatus): string {
  const parts = [state.padEnd(10)];
  if (attempts > 1 || failure) parts.push(`attempt ${attempts}`);
  if (progress !== undefined) parts.push(words(progress));
  if (failure && (state === 'delayed' || state === 'failed')) parts.push(failure);
  return parts.join('  ').trimEnd();
}

/** 33 -> "33 %", { page: 1, pages: 5 } -> "page 1, pages 5". */
function words(progress: unknown): string {
  if (typeof progress === 'number') return `${progress} %`;
  if (typeof progress !== 'object' || progress === null) return String(progress);
  return Object.entries(progress)
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(', ');
}
