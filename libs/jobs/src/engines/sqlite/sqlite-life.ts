import type { EventEmitter } from 'node:events';
import type { Life, Operation } from 'bullmq-sqlite';
import type { SharedSqlite, Wait } from './sqlite-connection.js';
import { mayBeDamage, repairDamagedJobs } from './sqlite-damaged-jobs.js';

type WriteOptions = Parameters<Life['write']>[1];

/**
 * A backend's hold on the file, with its traps closed.
 *
 * - A file that cannot be used for now is a lost connection to BullMQ, which then waits and tries
 *   again: it would record a finished job as failed otherwise. Nothing is in doubt here: what was
 *   not committed never was.
 * - A row that cannot be read would make every claim of its queue fail. It becomes a job that fails
 *   alone.
 * @internal
 */
export class GuardedLife implements Life {
  constructor(
    private readonly inner: Life,
    private readonly sqlite: SharedSqlite,
  ) {}

  get closing(): Promise<void> | undefined {
    return this.inner.closing;
  }

  ready(): Promise<void> {
    return this.sqlite.guarded(() => this.inner.ready());
  }

  write<Result>(operation: Operation<Result>, options?: WriteOptions): Promise<Result> {
    const write = (): Promise<Result> => this.inner.write(operation, options);
    return this.sqlite.guarded(() => write().catch((error) => this.afterRepair(error, write)));
  }

  read<Result>(operation: Operation<Result>): Promise<Result> {
    const read = (): Promise<Result> => this.inner.read(operation);
    return this.sqlite.guarded(() => read().catch((error) => this.afterRepair(error, read)));
  }

  waitForChange(queue: string, milliseconds: number): Wait {
    return this.inner.waitForChange(queue, milliseconds);
  }

  setName(name: string): Promise<void> {
    return this.sqlite.guarded(() => this.inner.setName(name));
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  forwardTo(emitter: EventEmitter): void {
    this.inner.forwardTo(emitter);
  }

  /** An operation leaves nothing behind when it fails, so that it can simply be run again. */
  private async afterRepair<Result>(error: unknown, again: () => Promise<Result>): Promise<Result> {
    if (!mayBeDamage(error)) throw error;
    const repaired = await repairDamagedJobs((step) => this.inner.write(step));
    if (repaired === 0) throw error;
    return again();
  }
}
