import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IQueueBackend } from 'bullmq';
import {
  createSqliteBackend,
  openStore,
  sqlite,
  type SqliteConnection,
  type SqliteStore,
} from 'bullmq-sqlite';
import type { QueueName, SideOptions } from './recorded-call.js';
import type { Side, SideSource } from './side.js';

/** Sides on SQLite in memory, each a store of its own. */
export class MemorySideSource implements SideSource {
  readonly name = 'sqlite in memory';

  open(options: SideOptions): Promise<Side> {
    return openSide(this.name, sqlite(':memory:'), options);
  }

  async close(): Promise<void> {}
}

/** Sides on SQLite, each with a file of its own. */
export class FileSideSource implements SideSource {
  readonly name = 'sqlite on a file';
  readonly #folder = mkdtemp(join(tmpdir(), 'differential-'));
  #opened = 0;

  async open(options: SideOptions): Promise<Side> {
    this.#opened += 1;
    const path = join(await this.#folder, `${this.#opened}.sqlite`);
    return openSide(this.name, sqlite(path, { durability: 'off' }), options);
  }

  async close(): Promise<void> {
    await rm(await this.#folder, { recursive: true });
  }
}

async function openSide(
  name: string,
  connection: SqliteConnection,
  options: SideOptions,
): Promise<Side> {
  const side = new SqliteSide(name, connection, options);
  await side.queue('a').waitUntilReady();
  return side;
}

class SqliteSide implements Side {
  readonly prefix = `differential-${randomBytes(6).toString('hex')}`;
  readonly #first: IQueueBackend;
  readonly #backends: Record<QueueName, IQueueBackend>;
  readonly #store: SqliteStore;
  /** The controlled times of the last looks for stalled jobs. */
  readonly #checkedAt = new Map<QueueName, number>();

  constructor(
    readonly name: string,
    connection: SqliteConnection,
    private readonly options: SideOptions,
  ) {
    this.#store = openStore(connection);
    const queueOptions = { connection, prefix: this.prefix, ...options };
    this.#first = createSqliteBackend('a', queueOptions);
    this.#backends = {
      a: this.#first,
      b: this.#first.forQueue('b'),
      c: this.#first.forQueue('c'),
    };
  }

  queue(name: QueueName): IQueueBackend {
    return this.#backends[name];
  }

  /** A lock that lasts for no time at all has ended. */
  loseLock(queue: QueueName, jobId: string, token: string): Promise<number> {
    return this.queue(queue).extendLock(jobId, token, 0);
  }

  /**
   * It ends by the file's own clock, which nobody controls; 0 is what a queue has that was never
   * looked at.
   */
  endStalledCheck(name: QueueName, now: number): Promise<void> {
    const { stalledInterval } = this.options;
    return this.#store.write((tx) => {
      const queue = tx.queue(this.queue(name).qualifiedName);
      const lasts = (this.#checkedAt.get(name) ?? 0) + stalledInterval > now;
      if (queue.stalledCheckUntil !== 0 && lasts) return;
      this.#checkedAt.set(name, now);
      if (queue.exists) tx.change(queue.name).stalledCheckUntil = 0;
    });
  }

  async close(): Promise<void> {
    await this.#store.close();
    await this.#first.close();
  }
}
