import { ChannelListeners } from '../channel-listeners.js';
import { pause } from '../../timers/index.js';
import type { SharedSqlite, Wait } from './sqlite-connection.js';
import { SQL } from './sqlite-scripts.js';

/** What waits for messages are named, beside those for queues. */
const MESSAGES = 'coordination:messages';

/** A wait that is over without a message is begun anew. */
const LONGEST_WAIT_MS = 3_600_000;

/** Pause after the file could not be read. */
const RETRY_PAUSE_MS = 250;

const MESSAGE_TTL_MS = 60_000;

/**
 * The messages of all channels, in a table that every process reads when it was changed. Reading
 * begins with the first subscription.
 * @internal
 */
export class SqliteSubscriber {
  private readonly listeners = new ChannelListeners();
  private reading: Promise<void> | undefined;
  private wait: Wait | undefined;
  private lastSeq = 0;
  private isReadable = false;
  private closed = false;

  constructor(private readonly sqlite: SharedSqlite) {}

  /** Whether messages can arrive now. */
  get connected(): boolean {
    return this.isReadable && this.sqlite.isOpen;
  }

  async publish(channel: string, message: string): Promise<void> {
    const { sqlite } = this;
    await sqlite.write((tx) => {
      const now = tx.steadyNow();
      tx.run(SQL.sweepMessages, now);
      tx.run(SQL.publish, sqlite.prefix, channel, message, now + MESSAGE_TTL_MS);
    });
    sqlite.announce(MESSAGES);
  }

  async subscribe(
    channel: string,
    listener: (message: string) => void,
  ): Promise<() => Promise<void>> {
    this.reading ??= this.begin();
    try {
      await this.reading;
    } catch (error) {
      this.reading = undefined;
      throw error;
    }
    this.listeners.add(channel, listener);
    return async () => {
      this.listeners.remove(channel, listener);
    };
  }

  close(): void {
    this.closed = true;
    this.listeners.clear();
    this.wait?.end();
  }

  /** What was sent before the first subscription is not read. */
  private async begin(): Promise<void> {
    const last = await this.sqlite.read((tx) => tx.get<{ seq: number }>(SQL.lastMessage));
    this.lastSeq = last?.seq ?? 0;
    this.isReadable = true;
    void this.readAll();
  }

  private async readAll(): Promise<void> {
    while (!this.closed && this.sqlite.isOpen) {
      // The wait comes first: what is sent while the messages are read ends it.
      this.wait = this.sqlite.waitFor(MESSAGES, LONGEST_WAIT_MS, true);
      try {
        await this.deliverNew();
        this.isReadable = true;
        await this.wait.over;
      } catch {
        // Best effort, as all messages are: health tells what is wrong with the file.
        this.isReadable = false;
        this.wait.end();
        await pause(RETRY_PAUSE_MS, { background: true });
      }
    }
  }

  private async deliverNew(): Promise<void> {
    const { prefix } = this.sqlite;
    const messages = await this.sqlite.read((tx) =>
      tx.all<{ seq: number; channel: string; message: string }>(
        SQL.messagesAfter,
        this.lastSeq,
        prefix,
      ),
    );
    for (const { seq, channel, message } of messages) {
      this.lastSeq = seq;
      this.listeners.deliver(channel, message);
    }
  }
}
