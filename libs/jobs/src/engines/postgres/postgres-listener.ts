import { EventEmitter } from 'node:events';
import type { PgNotification } from 'bullmq';
import { pause } from '../../timers/index.js';
import { endClient, type PostgresClient } from './postgres-client.js';

/** How often the connection is asked for a sign of life, and how long it may take to give it. */
const HEARTBEAT_MS = 10_000;
const HEARTBEAT_TIMEOUT_MS = 5_000;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** What the listener needs of its surroundings. */
export interface ListenerHost {
  /** Opens a connection; `queryTimeoutMs` bounds each of its queries. */
  open(queryTimeoutMs: number): Promise<PostgresClient>;
  /** Asks a connection for a sign of life. */
  probe(client: PostgresClient): Promise<void>;
}

/**
 * The process's one connection for LISTEN, opened when first needed and again whenever it is lost.
 * BullMQ would hold one for each worker.
 *
 * It looks to BullMQ like a client that never breaks: `notification` events come from whatever
 * connection there is, and channels are listened to again on a new one. What was sent between is
 * lost, so `reconnected` tells everybody to look for themselves.
 * @internal
 */
export class PostgresListener extends EventEmitter {
  private readonly channels = new Set<string>();
  private readonly stopping = new AbortController();
  private client: PostgresClient | undefined;
  private firstAttempt: Promise<void> | undefined;
  /** A connection runs one command at a time: each waits for the one before. */
  private lastCommand: Promise<unknown> = Promise.resolve();

  constructor(private readonly host: ListenerHost) {
    super();
    // Every worker, and every subscription, adds listeners of its own.
    this.setMaxListeners(0);
  }

  /** Whether notifications can arrive now. */
  get connected(): boolean {
    return this.client !== undefined;
  }

  /**
   * Listens to a channel from now on. Returns when it does, or when there is no connection: then it
   * will as soon as there is one.
   */
  async listen(channel: string): Promise<void> {
    const isNew = !this.channels.has(channel);
    this.channels.add(channel);
    this.firstAttempt ??= this.start();
    await this.firstAttempt;
    if (isNew) await this.send(`LISTEN ${quote(channel)}`);
  }

  async unlisten(channel: string): Promise<void> {
    if (this.channels.delete(channel)) await this.send(`UNLISTEN ${quote(channel)}`);
  }

  /** What BullMQ calls on the client it believes this to be; it sends `LISTEN <channel>` alone. */
  async query(text: string): Promise<{ rows: never[] }> {
    const channel = /\bLISTEN\s+(\w+)\s*;/.exec(text)?.[1];
    if (channel !== undefined) await this.listen(channel);
    return { rows: [] };
  }

  async close(): Promise<void> {
    this.stopping.abort();
    if (this.client) await endClient(this.client);
    this.removeAllListeners();
  }

  /** Resolves after the first attempt to connect, whatever came of it. */
  private start(): Promise<void> {
    const first = this.connect();
    void this.stayConnected(first);
    return first.then(
      () => undefined,
      () => undefined,
    );
  }

  private async stayConnected(first: Promise<PostgresClient>): Promise<void> {
    let failures = 0;
    let attempt: Promise<PostgresClient> | undefined = first;
    while (!this.isClosed) {
      try {
        const client = await (attempt ?? this.connect());
        if (attempt !== first || failures > 0) this.emit('reconnected');
        failures = 0;
        await this.untilLost(client);
      } catch {
        failures += 1;
      }
      attempt = undefined;
      if (!this.isClosed) await this.pauseAfter(failures);
    }
  }

  private async connect(): Promise<PostgresClient> {
    const client = await this.host.open(HEARTBEAT_TIMEOUT_MS);
    client.on('notification', (message: PgNotification) => this.emit('notification', message));
    try {
      for (const channel of this.channels) await client.query(`LISTEN ${quote(channel)}`);
    } catch (error) {
      await endClient(client);
      throw error;
    }
    // Who only listens keeps no process alive.
    client.unref();
    if (this.isClosed) await endClient(client);
    else this.client = client;
    return client;
  }

  /** Returns when the connection is gone; one that gives no sign of life is ended here. */
  private async untilLost(client: PostgresClient): Promise<void> {
    let lost = false;
    const end = new Promise<void>((resolve) => {
      client.on('end', () => {
        lost = true;
        resolve();
      });
    });
    while (!lost && !this.isClosed) {
      await Promise.race([end, pause(HEARTBEAT_MS, { background: true })]);
      if (lost || !(await this.isAlive(client))) break;
    }
    this.client = undefined;
    await endClient(client);
  }

  private async isAlive(client: PostgresClient): Promise<boolean> {
    return this.inTurn(() => this.host.probe(client)).then(
      () => true,
      () => false,
    );
  }

  /** Without a connection there is nothing to do: a new one listens to all channels. */
  private async send(text: string): Promise<void> {
    await this.inTurn(async () => this.client?.query(text)).catch(() => undefined);
  }

  private inTurn<T>(command: () => Promise<T>): Promise<T> {
    const turn = this.lastCommand.then(command);
    this.lastCommand = turn.catch(() => undefined);
    return turn;
  }

  private async pauseAfter(failures: number): Promise<void> {
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
    const { signal } = this.stopping;
    await pause(longest * (0.5 + Math.random() / 2), { signal, background: true });
  }

  private get isClosed(): boolean {
    return this.stopping.signal.aborted;
  }
}

function quote(channel: string): string {
  return `"${channel.replaceAll('"', '""')}"`;
}
