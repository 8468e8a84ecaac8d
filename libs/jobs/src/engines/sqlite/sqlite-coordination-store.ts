import type { CoordinationStore } from '../../contracts/index.js';
import type { SharedSqlite } from './sqlite-connection.js';
import { SQL } from './sqlite-scripts.js';
import { SqliteSubscriber } from './sqlite-subscriber.js';

/** Behind every key that starts with a prefix: the last character of Unicode. */
const LAST_CHARACTER = '\u{10FFFF}';

/**
 * Coordination on SQLite: tables beside the queues' own (see sqlite-scripts.ts), written in the
 * same group commits. What lasts for a time ends by the file's steady clock, which all processes
 * share and nobody sets.
 * @internal
 */
export class SqliteCoordinationStore implements CoordinationStore {
  private readonly subscriber: SqliteSubscriber;

  constructor(private readonly sqlite: SharedSqlite) {
    this.subscriber = new SqliteSubscriber(sqlite);
  }

  get connected(): boolean {
    return this.subscriber.connected;
  }

  async get(key: string): Promise<string | undefined> {
    const row = await this.sqlite.read((tx) =>
      tx.get<{ value: string }>(SQL.get, this.scope, key, tx.steadyNow()),
    );
    return row?.value;
  }

  async set(key: string, value: string, ttlMs?: number): Promise<void> {
    await this.sqlite.write((tx) =>
      tx.run(SQL.set, this.scope, key, value, expiry(tx.steadyNow(), ttlMs)),
    );
  }

  async compareAndSet(
    key: string,
    expected: string | undefined,
    value: string,
    ttlMs?: number,
  ): Promise<boolean> {
    const { scope } = this;
    const changed = await this.sqlite.write((tx) => {
      const now = tx.steadyNow();
      const expiresAt = expiry(now, ttlMs);
      return expected === undefined
        ? tx.run(SQL.setIfAbsent, scope, key, value, expiresAt, now)
        : tx.run(SQL.setIfEqual, value, expiresAt, scope, key, expected, now);
    });
    return changed === 1;
  }

  async delete(key: string, expected?: string): Promise<boolean> {
    const { scope } = this;
    const deleted = await this.sqlite.write((tx) =>
      expected === undefined
        ? tx.run(SQL.delete, scope, key, tx.steadyNow())
        : tx.run(SQL.deleteIfEqual, scope, key, expected, tx.steadyNow()),
    );
    return deleted === 1;
  }

  async entries(prefix: string): Promise<ReadonlyMap<string, string>> {
    const end = prefix + LAST_CHARACTER;
    const rows = await this.sqlite.read((tx) =>
      tx.all<{ key: string; value: string }>(SQL.entries, this.scope, prefix, end, tx.steadyNow()),
    );
    return new Map(rows.map(({ key, value }) => [key, value]));
  }

  async acquirePermit(
    name: string,
    holder: string,
    limit: number,
    ttlMs: number,
  ): Promise<boolean> {
    const { scope } = this;
    const taken = await this.sqlite.write((tx) => {
      const now = tx.steadyNow();
      const expiresAt = expiry(now, ttlMs);
      tx.run(SQL.expirePermits, scope, name, now);
      const renewed = tx.run(SQL.renewPermit, expiresAt, scope, name, holder);
      if (renewed > 0) return renewed;
      return tx.run(SQL.takePermit, scope, name, holder, expiresAt, scope, name, limit);
    });
    return taken === 1;
  }

  async releasePermit(name: string, holder: string): Promise<boolean> {
    const { scope } = this;
    const released = await this.sqlite.write((tx) => {
      tx.run(SQL.expirePermits, scope, name, tx.steadyNow());
      return tx.run(SQL.releasePermit, scope, name, holder);
    });
    return released === 1;
  }

  publish(channel: string, message: string): Promise<void> {
    return this.subscriber.publish(channel, message);
  }

  subscribe(channel: string, listener: (message: string) => void): Promise<() => Promise<void>> {
    return this.subscriber.subscribe(channel, listener);
  }

  now(): Promise<number> {
    return this.sqlite.guarded(async () => Date.now());
  }

  steadyNow(): Promise<number> {
    return this.sqlite.read((tx) => tx.steadyNow());
  }

  async close(): Promise<void> {
    this.subscriber.close();
  }

  private get scope(): string {
    return this.sqlite.prefix;
  }
}

function expiry(now: number, ttlMs: number): number;
function expiry(now: number, ttlMs: number | undefined): number | null;
function expiry(now: number, ttlMs: number | undefined): number | null {
  return ttlMs === undefined ? null : Math.ceil(now + ttlMs);
}
