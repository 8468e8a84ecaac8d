import type { CoordinationStore } from '../contracts/index.js';
import { parseKnown } from './stored-record.js';

/** How often a server says that it lives. @internal */
export const HEARTBEAT_INTERVAL_MS = 5_000;

/** A server that was silent this long counts as gone. @internal */
export const HEARTBEAT_TTL_MS = 15_000;

/** Told to all when a server comes or goes, as a hint. @internal */
export const SERVERS_CHANNEL = 'servers';

/**
 * A process that works on queues, as it announces itself to the others.
 * @publicApi
 */
export interface ServerInfo {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** The queues it works on. */
  readonly queues: readonly string[];
  /** ISO 8601. */
  readonly startedAt: string;
  /**
   * A hash of the handlers and recurring jobs that it declares: the same for all servers of one
   * version.
   */
  readonly release: string;
}

/** The servers that live, by their heartbeats. @internal */
export const servers = {
  async announce(store: CoordinationStore, server: ServerInfo): Promise<void> {
    await store.set(keyOf(server.id), JSON.stringify(server), HEARTBEAT_TTL_MS);
  },

  /**
   * @returns false when the store does not know the server any more: it was silent for long, or
   *   data was lost
   */
  async renew(store: CoordinationStore, server: ServerInfo): Promise<boolean> {
    const text = JSON.stringify(server);
    return store.compareAndSet(keyOf(server.id), text, text, HEARTBEAT_TTL_MS);
  },

  async isKnown(store: CoordinationStore, id: string): Promise<boolean> {
    return (await store.get(keyOf(id))) !== undefined;
  },

  async retire(store: CoordinationStore, id: string): Promise<void> {
    await store.delete(keyOf(id));
  },

  async live(store: CoordinationStore): Promise<readonly ServerInfo[]> {
    const entries = await store.entries('server:');
    return [...entries].flatMap(([key, text]) => parse(text, key) ?? []);
  },
};

/**
 * What cannot be read is no server; it must not hide the others. A newer version's lives, and
 * nothing else is known of it.
 */
function parse(text: string, key: string): ServerInfo | undefined {
  const unknown = { host: '', pid: 0, queues: [], startedAt: '', release: '' };
  try {
    const server = parseKnown(text, key) as ServerInfo | undefined;
    return server ?? { id: key.slice(keyOf('').length), ...unknown };
  } catch {
    return undefined;
  }
}

function keyOf(id: string): string {
  return `server:${id}`;
}
