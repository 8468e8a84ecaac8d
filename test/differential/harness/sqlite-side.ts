import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IQueueBackend } from 'bullmq';
import { createSqliteBackend, sqlite, type SqliteConnection } from 'bullmq-sqlite';
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

  constructor(
    readonly name: string,
    connection: SqliteConnection,
    options: SideOptions,
  ) {
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

  /** It goes by the controlled clock already. */
  async endStalledCheck(): Promise<void> {}

  async close(): Promise<void> {
    await this.#first.close();
  }
}
