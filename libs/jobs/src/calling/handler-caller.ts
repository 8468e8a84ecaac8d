import { Injectable } from '@nestjs/common';
import { StartContext } from '../lifecycle/index.js';
import { JobLogger } from '../logging/index.js';
import { currentJob } from './current-job.js';
import { HandlerCalls } from './handler-calls.js';
import type { CalledMethod } from './called-method.js';
import type { HandlerRun } from './handler-run.js';

/** What is done around a call. @internal */
export interface AroundCall {
  /** Told right before the handler is called, within its context. */
  readonly onStarted: (run: HandlerRun) => void;
  /** Calls the handler within a context that was carried along with its work; it must call it. */
  readonly carried?: ((call: () => unknown) => unknown) | undefined;
}

/**
 * Calls handlers, each in a context of its own: that of the start of the application, in which the
 * run is the current one and whatever is logged carries its fields.
 * @internal
 */
@Injectable()
export class HandlerCaller {
  constructor(
    private readonly calls: HandlerCalls,
    private readonly start: StartContext,
    private readonly logger: JobLogger,
  ) {}

  /** @returns what the handler's work comes to, unless the run is ended before */
  call(
    run: HandlerRun,
    handler: CalledMethod,
    args: readonly unknown[],
    around: AroundCall,
  ): Promise<unknown> {
    const { onStarted, carried } = around;
    const callIn = (): unknown =>
      currentJob.run(run, () =>
        this.logger.runInContext(run, () => {
          onStarted(run);
          return this.calls.of(handler)(run, args);
        }),
      );
    // What was called before (a schema, a key function) may have changed the context of this chain.
    return run.follow(this.start.run(() => (carried === undefined ? callIn() : carried(callIn))));
  }
}
