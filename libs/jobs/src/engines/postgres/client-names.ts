import { randomUUID } from 'node:crypto';
import { every, type Timer } from '../../timers/index.js';
import { SQL } from './postgres-scripts.js';

const KEY_PREFIX = 'bullmq-clients:';
const RENEW_MS = 20_000;
const TTL_MS = 60_000;

type Query = (
  text: string,
  values: readonly unknown[],
) => Promise<{ rows: readonly Record<string, unknown>[] }>;

/**
 * The names of this process's workers, for `Queue.getWorkers()`. BullMQ reads them off the names of
 * LISTEN connections, one for each worker; ours share one, so they are kept in a row that expires.
 * @internal
 */
export class ClientNames {
  private readonly names = new Map<object, string>();
  private readonly key = KEY_PREFIX + randomUUID();
  private renewal: Timer | undefined;
  /**
   * One write at a time, each with all names there are then: the last one must not be overtaken.
   */
  private lastWrite: Promise<unknown> = Promise.resolve();

  constructor(private readonly query: Query) {}

  async add(owner: object, name: string): Promise<void> {
    this.names.set(owner, name);
    this.renewal ??= every(RENEW_MS, () => void this.publish()).unref();
    await this.publish();
  }

  async remove(owner: object): Promise<void> {
    if (this.names.delete(owner)) await this.publish();
  }

  /** All names in the fleet, in the format of Redis' CLIENT LIST. */
  async list(): Promise<string> {
    const { rows } = await this.query(SQL.entries, [KEY_PREFIX]);
    const names = rows.flatMap(({ value }) => JSON.parse(String(value)) as string[]);
    return names.map((name) => `name=${name}`).join('\n');
  }

  close(): void {
    this.renewal?.stop();
  }

  /** Best effort: being listed must never be what a worker fails at. */
  private async publish(): Promise<void> {
    this.lastWrite = this.lastWrite
      .then(() => this.query(SQL.set, [this.key, this.namesAsJson, TTL_MS]))
      .catch(() => undefined);
    await this.lastWrite;
  }

  private get namesAsJson(): string {
    return JSON.stringify([...this.names.values()]);
  }
}
