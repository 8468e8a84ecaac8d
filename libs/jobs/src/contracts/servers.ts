import type { CoordinationStore } from './coordination-store.js';

/** How often a server says that it lives. @internal */
export const HEARTBEAT_INTERVAL_MS = 5_000;

/** A server that was silent this long counts as gone. @internal */
export const HEARTBEAT_TTL_MS = 15_000;

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
}

/** The servers that live, by their heartbeats. @internal */
export const servers = {
  async announce(store: CoordinationStore, server: ServerInfo): Promise<void> {
    await store.set(keyOf(server.id), JSON.stringify(server), HEARTBEAT_TTL_MS);
  },

  async retire(store: CoordinationStore, id: string): Promise<void> {
    await store.delete(keyOf(id));
  },

  async live(store: CoordinationStore): Promise<readonly ServerInfo[]> {
    const entries = await store.entries('server:');
    return [...entries.values()].flatMap((text) => parse(text) ?? []);
  },
};

/** What cannot be read is no server; it must not hide the others. */
function parse(text: string): ServerInfo | undefined {
  try {
    return JSON.parse(text) as ServerInfo;
  } catch {
    return undefined;
  }
}

function keyOf(id: string): string {
  return `server:${id}`;
}
