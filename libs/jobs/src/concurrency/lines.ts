import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine, type TurnChanges, type TurnStep } from '../contracts/index.js';
import { HandlerRegistry, type ConcurrencyLimit } from '../discovery/index.js';
import { Repairs } from '../execution/index.js';
import { CallBatch } from './call-batch.js';
import { LimitBook } from './limit-book.service.js';

/** What the repairs of lines are called, in the log and the health check. @internal */
export const LINES = 'concurrency keys';

/**
 * The lines of concurrency keys, as this process takes steps in them. The store does what follows a
 * step: it gives turns that are free to those who wait, and makes their jobs ready.
 * @internal
 */
@Injectable()
export class Lines {
  private readonly steps = new CallBatch<TurnStep, boolean>((steps) => this.apply(steps));
  private listener: (changes: TurnChanges) => void = () => undefined;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly book: LimitBook,
    private readonly repairs: Repairs,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  /** Tells what steps have brought about beside their answers. */
  onChanges(listener: (changes: TurnChanges) => void): void {
    this.listener = listener;
  }

  /**
   * Takes a step together with others of this process. @returns whether the job has a turn after it
   */
  step(step: TurnStep): Promise<boolean> {
    return this.steps.add(step);
  }

  /** Takes steps at once. @returns for each whether the job has a turn after it */
  async apply(steps: readonly TurnStep[]): Promise<readonly boolean[]> {
    const reply = await this.engine.turns.apply(steps);
    this.listener(reply);
    return reply.hasTurn;
  }

  /** The step by which those who wait get the turns of a key that are free. */
  advanceOf(key: string): TurnStep {
    return { action: 'advance', key, queue: '', id: '', limit: this.limitOf(key, 1) };
  }

  /** The limit of a key; the given one where no handler of this process has it. */
  limitOf(key: string, otherwise: number): number {
    const end = key.indexOf('|');
    const concurrency = this.groupNamed(key.slice(0, end));
    if (concurrency === undefined) return otherwise;
    try {
      return this.book.concurrencyOf(concurrency, key.slice(end + 1));
    } catch (error) {
      this.repairs.of(LINES).failed(`the limit of ${key}`, error);
      return otherwise;
    }
  }

  /** Resolves when all steps are taken. */
  whenIdle(): Promise<void> {
    return this.steps.whenIdle();
  }

  private groupNamed(name: string): ConcurrencyLimit | undefined {
    const { enqueued } = this.registry;
    return enqueued.find(({ concurrency }) => concurrency?.group === name)?.concurrency;
  }
}
