import { Injectable } from '@nestjs/common';
import type { JobHook, SentAwayJob, TurnStep } from '../contracts/index.js';
import type { UnknownJob } from '../coordination/index.js';
import { TakenOverJobs } from '../execution/index.js';
import { Lines } from './lines.js';
import { lineOf } from './stored-limit-key.js';

/**
 * The turns of jobs that were claimed where nobody knows their names.
 *
 * One that is handed over keeps its turn, so that those behind it wait for it: first in, first out
 * holds while old and new names live side by side. One that no server knows must not hold up those
 * behind it, since nobody can say for how long; it takes its place again when a server boots that
 * knows it.
 * @internal
 */
@Injectable()
export class SentAwayTurns implements JobHook {
  constructor(
    private readonly lines: Lines,
    taken: TakenOverJobs,
  ) {
    taken.leaveLinesTo((jobs) => this.stand(jobs));
  }

  onSentAway({ queue, id, options, isHandedOver }: SentAwayJob): Promise<void> | undefined {
    const key = lineOf(options, undefined);
    if (key === undefined) return undefined;
    const step = { key, queue, id, limit: this.lines.limitOf(key, 1) };
    // While it is still claimed here: a turn that it gets elsewhere is not this one.
    return this.step({ ...step, action: isHandedOver ? 'take' : 'leave' });
  }

  /**
   * All are in their places before the first of a line gets its turn, and is made ready by that.
   */
  private async stand(jobs: readonly UnknownJob[]): Promise<readonly UnknownJob[]> {
    const places = jobs.flatMap(({ queue, id, line }): TurnStep[] => {
      const key = lineOf(line ?? {}, undefined);
      return key === undefined ? [] : [{ action: 'take', key, queue, id, limit: 0 }];
    });
    await Promise.all(places.map((step) => this.step(step)));
    const keys = new Set(places.map(({ key }) => key));
    await Promise.all([...keys].map((key) => this.step(this.lines.advanceOf(key))));
    return jobs.filter(({ line }) => line === undefined);
  }

  private async step(step: TurnStep): Promise<void> {
    await this.lines.step(step);
  }
}
