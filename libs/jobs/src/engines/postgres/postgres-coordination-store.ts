import { createHash, randomUUID } from 'node:crypto';
import type { PgNotification, PgQueryResult } from 'bullmq';
import type { CoordinationStore } from '../../contracts/index.js';
import { ChannelListeners } from '../channel-listeners.js';
import type { SharedPostgres } from './postgres-connection.js';
import { SQL } from './postgres-scripts.js';

/** NOTIFY carries less than 8,000 bytes; a longer message is left in a row, and its key is sent. */
const LONGEST_PAYLOAD_BYTES = 7_900;
const MESSAGE_TTL_MS = 60_000;

/**
 * Coordination on PostgreSQL: tables beside BullMQ's own (see postgres-scripts.ts), and NOTIFY on
 * the process's one LISTEN connection. All times are the server's.
 * @internal
 */
export class PostgresCoordinationStore implements CoordinationStore {
  private readonly listeners = new ChannelListeners();
  private readonly onNotification = (message: PgNotification): void => void this.deliver(message);

  constructor(private readonly postgres: SharedPostgres) {
    postgres.listener.on('notification', this.onNotification);
  }

  get connected(): boolean {
    return this.postgres.listener.connected;
  }

  async get(key: string): Promise<string | undefined> {
    const { rows } = await this.run<{ value: string }>('get', key);
    return rows[0]?.value;
  }

  async set(key: string, value: string, ttlMs?: number): Promise<void> {
    await this.run('set', key, value, ttlMs ?? null);
  }

  async compareAndSet(
    key: string,
    expected: string | undefined,
    value: string,
    ttlMs?: number,
  ): Promise<boolean> {
    const { rowCount } =
      expected === undefined
        ? await this.run('setIfAbsent', key, value, ttlMs ?? null)
        : await this.run('setIfEqual', key, value, ttlMs ?? null, expected);
    return rowCount === 1;
  }

  async delete(key: string, expected?: string): Promise<boolean> {
    const { rowCount } =
      expected === undefined
        ? await this.run('delete', key)
        : await this.run('deleteIfEqual', key, expected);
    return rowCount === 1;
  }

  async entries(prefix: string): Promise<ReadonlyMap<string, string>> {
    const { rows } = await this.run<{ key: string; value: string }>('entries', prefix);
    return new Map(rows.map(({ key, value }) => [key, value]));
  }

  async acquirePermit(
    name: string,
    holder: string,
    limit: number,
    ttlMs: number,
  ): Promise<boolean> {
    const { rows } = await this.run<{ held: boolean }>('acquirePermit', name, holder, limit, ttlMs);
    return rows[0]?.held === true;
  }

  async releasePermit(name: string, holder: string): Promise<boolean> {
    const { rows } = await this.run<{ held: boolean }>('releasePermit', name, holder);
    return rows[0]?.held === true;
  }

  async publish(channel: string, message: string): Promise<void> {
    let payload = `=${message}`;
    if (Buffer.byteLength(payload) > LONGEST_PAYLOAD_BYTES) {
      const key = `message:${randomUUID()}`;
      await this.set(key, message, MESSAGE_TTL_MS);
      payload = `@${key}`;
    }
    await this.run('notify', this.channelName(channel), payload);
  }

  async subscribe(
    channel: string,
    listener: (message: string) => void,
  ): Promise<() => Promise<void>> {
    const name = this.channelName(channel);
    this.listeners.add(name, listener);
    await this.postgres.listener.listen(name);
    return async () => {
      if (this.listeners.remove(name, listener)) await this.postgres.listener.unlisten(name);
    };
  }

  async now(): Promise<number> {
    const { rows } = await this.run<{ now: number }>('now');
    return Math.floor(Number(rows[0]?.now));
  }

  steadyNow(): Promise<number> {
    return this.now();
  }

  async close(): Promise<void> {
    this.listeners.clear();
    this.postgres.listener.off('notification', this.onNotification);
  }

  private run<Row = Record<string, unknown>>(
    statement: keyof typeof SQL,
    ...values: readonly unknown[]
  ): Promise<PgQueryResult<Row>> {
    return this.postgres.query<Row>(SQL[statement], values);
  }

  private async deliver({ channel, payload = '' }: PgNotification): Promise<void> {
    if (!this.listeners.has(channel)) return;
    if (!payload.startsWith('@')) return this.listeners.deliver(channel, payload.slice(1));
    // Best effort, as all messages are: one that cannot be read now is as good as missed.
    const message = await this.get(payload.slice(1)).catch(() => undefined);
    if (message !== undefined) this.listeners.deliver(channel, message);
  }

  /** PostgreSQL cuts longer names off at 63 bytes; schemas of one database share its channels. */
  private channelName(channel: string): string {
    const hash = createHash('sha256').update(`${this.postgres.schema}\n${channel}`).digest('hex');
    return `nestjs_jobs_${hash.slice(0, 40)}`;
  }
}
