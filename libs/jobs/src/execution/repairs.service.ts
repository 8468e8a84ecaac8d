import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { EnqueueUncertainError, StoreUnavailableError } from '../errors/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { Repair } from './repair.js';
import { StoreOutage } from './store-outage.js';

/**
 * All that this process repairs again and again.
 * @internal
 */
@Injectable()
export class Repairs {
  private readonly all = new Map<string, Repair>();

  constructor(
    private readonly outage: StoreOutage,
    private readonly logger: JobLogger,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  /** @param name what is repaired, in words: for the log and the health check */
  of(name: string): Repair {
    const known = this.all.get(name);
    if (known !== undefined) return known;
    const repair = new Repair(name, {
      onFault: (of, item, error) =>
        this.logger.error(messages.repairFailed(of, item, error), error),
      onOutage: (error) => this.outage.notice(error),
      isOutage: (error) =>
        error instanceof StoreUnavailableError ||
        error instanceof EnqueueUncertainError ||
        this.engine.isConnectionError(error),
    });
    this.all.set(name, repair);
    return repair;
  }

  /** Why repairs fail as a whole. */
  get faults(): readonly string[] {
    return [...this.all.values()].flatMap(({ fault }) => fault ?? []);
  }

  /** Single items that cannot be repaired, which harm nothing else. */
  get leftBroken(): readonly string[] {
    return [...this.all.values()].flatMap(({ leftBroken }) => leftBroken ?? []);
  }
}
