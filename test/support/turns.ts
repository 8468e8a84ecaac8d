import { expect } from 'vitest';
import type { JobsApp } from './jobs-app.js';

/** A place in the line of a concurrency key: `<group>|<key>`. */
export interface Ticket {
  readonly key: string;
  readonly queue: string;
  readonly id: string;
}

/**
 * The lines as the module keeps them, so that a test can leave a crash's half of the steps behind.
 */
interface Turns {
  apply(
    steps: readonly (Ticket & {
      readonly action: 'take' | 'start' | 'end';
      readonly limit: number;
      readonly run?: string;
      readonly ttlMs?: number;
    })[],
  ): Promise<unknown>;
  keys(prefix: string): Promise<readonly string[]>;
}

/** The lines of an application's concurrency keys: no part of its API. */
export function turnsOf({ jobs }: JobsApp): Turns {
  return (Reflect.get(jobs, 'engine') as { turns: Turns }).turns;
}

/** No ticket is left of any key: nothing waits, and nothing is leaked. */
export async function expectIdle(app: JobsApp): Promise<void> {
  await expect.poll(() => turnsOf(app).keys(''), { timeout: 5_000 }).toEqual([]);
}
