import { HandlerRun } from '../calling/index.js';
import type { RecurringRun, StoredTick } from '../contracts/index.js';
import type { Handler } from '../discovery/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { tickJobId } from './schedule.js';

/**
 * What runs of a process's own ticks have for a queue: they are in none, and none can have this
 * name. @internal
 */
export const PROCESS_QUEUE = '(process)';

/**
 * The run of a tick that is stored nowhere: there is one attempt, no lock, and the log is the
 * application's.
 * @internal
 */
export class ProcessRun extends HandlerRun {
  readonly id: string;
  readonly queue = PROCESS_QUEUE;
  readonly attempt = 1;
  readonly attempts = 1;

  constructor(
    readonly handler: Handler,
    readonly tick: StoredTick,
    readonly previousRun: RecurringRun | undefined,
    private readonly logger: JobLogger,
  ) {
    super();
    this.id = tickJobId(tick.recurring, tick.due);
  }

  get name(): string {
    return this.handler.name;
  }

  progress(value: number | object): Promise<void> {
    this.logger.debug(messages.progress(this, value), this);
    return Promise.resolve();
  }

  log(line: string): Promise<void> {
    this.logger.info(messages.line(this, line), this);
    return Promise.resolve();
  }

  extend(): Promise<void> {
    return Promise.resolve();
  }
}
