import type { RelayNodeConnection } from 'bullmq';
import { mayBeAlive } from '../../connection/index.js';
import type { Transaction } from '../../store/index.js';

interface ReaderRow {
  host: string;
  process: number;
  since: number;
  seen: number;
}

const READER = `SELECT reader_host AS host, reader_process AS process, reader_since AS since,
  heartbeat_at AS seen FROM relay_node
  WHERE namespace = ? AND name = ? AND lease_until > ? AND reader_process IS NOT NULL`;

/**
 * The process that reads a node's inbox, as `host:process`, since when, and when it was last heard
 * of. None when nobody does, when the node's lease is over, or when the process was killed.
 */
export function nodeConnections(
  tx: Transaction,
  namespace: string,
  nodeName: string,
): RelayNodeConnection[] {
  const reader = tx.get<ReaderRow>(READER, namespace, nodeName, tx.steadyNow());
  if (reader === undefined || !mayBeAlive(reader.host, reader.process)) return [];
  const now = Date.now();
  return [
    {
      address: `${reader.host}:${reader.process}`,
      age: secondsSince(reader.since, now),
      idle: secondsSince(Math.max(reader.seen, reader.since), now),
    },
  ];
}

function secondsSince(time: number, now: number): number {
  return Math.max(0, Math.floor((now - time) / 1_000));
}
