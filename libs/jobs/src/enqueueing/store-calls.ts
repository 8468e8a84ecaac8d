import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { StoreUnavailableError } from '../errors/index.js';
import { withDeadline } from '../lifecycle/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { monotonicNow, pause } from '../timers/index.js';

const RETRY_PAUSE_MS = 100;

/**
 * Bounds calls to a store that may be lost. Left alone, Redis waits for the connection without end,
 * and PostgreSQL rejects at once with whatever the driver says.
 * @internal
 */
@Injectable()
export class StoreCalls {
  constructor(
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /** Whether an error says that the store could not be reached. */
  isUnavailable(error: unknown): boolean {
    return error instanceof StoreUnavailableError || this.engine.isConnectionError(error);
  }

  /** Whether an error of one of these calls says for sure that nothing was changed. */
  isRefusal(error: unknown): boolean {
    if (!(error instanceof StoreUnavailableError)) return false;
    return error instanceof StoreClosedError || this.engine.refusalOf(error.cause) !== undefined;
  }

  /**
   * Reads, and reads again while the store is lost, until `enqueueTimeout` is over.
   * @param operation for the message, e.g. `read job "…"`
   * @param limitMs how long at most, where that is less
   * @throws StoreUnavailableError
   */
  read<T>(operation: string, read: () => Promise<T>, limitMs = Infinity): Promise<T> {
    const timeoutMs = Math.min(limitMs, this.options.enqueueTimeoutMs);
    const deadline = monotonicNow() + timeoutMs;
    const attempt = async (): Promise<T> => {
      for (;;) {
        try {
          return await read();
        } catch (error) {
          const isOver = this.engine.isClosed || monotonicNow() + RETRY_PAUSE_MS > deadline;
          if (isOver || !this.engine.isConnectionError(error)) throw error;
          await pause(RETRY_PAUSE_MS);
        }
      }
    };
    return this.bounded(operation, attempt, timeoutMs);
  }

  /**
   * Changes something, once: whether a change that met a lost store was made is not known.
   * @param extraMs how much longer than `enqueueTimeout` it may take, where there is much to change
   * @throws StoreUnavailableError
   */
  change<T>(operation: string, change: () => Promise<T>, extraMs = 0): Promise<T> {
    return this.bounded(operation, change, this.options.enqueueTimeoutMs + extraMs);
  }

  private async bounded<T>(
    operation: string,
    call: () => Promise<T>,
    timeoutMs: number,
  ): Promise<T> {
    if (this.engine.isClosed) throw new StoreClosedError(operation);
    const reason = `the store did not answer within ${timeoutMs} ms`;
    try {
      return await withDeadline(
        call(),
        timeoutMs,
        () => new StoreUnavailableError(operation, reason),
      );
    } catch (error) {
      const refusal = this.engine.refusalOf(error);
      if (refusal !== undefined)
        throw new StoreUnavailableError(operation, `the store refused it: ${refusal.reason}`, {
          cause: error,
        });
      if (!this.engine.isConnectionError(error)) throw error;
      throw new StoreUnavailableError(operation, 'the store cannot be reached', { cause: error });
    }
  }
}

/**
 * The application is closed, and with it the connection to the store, which answers nobody any
 * more. @internal
 */
export class StoreClosedError extends StoreUnavailableError {
  constructor(operation: string) {
    const remedy =
      'Nothing was changed; do it before the application closes, or from one that runs.';
    super(operation, 'the application is closed, and its store with it', { remedy });
    this.name = StoreUnavailableError.name;
  }
}
