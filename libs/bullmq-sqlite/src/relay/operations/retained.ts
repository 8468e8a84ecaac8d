import type { RelayRetainedMessage } from 'bullmq';
import type { Transaction } from '../../store/index.js';
import { timeIn } from './lease.js';

const KEEP = `INSERT INTO relay_retained (namespace, topic, message, ts, data, expires_at)
  VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (namespace, topic) DO UPDATE SET message = excluded.message,
  ts = excluded.ts, data = excluded.data, expires_at = excluded.expires_at`;
const FIND = `SELECT message, ts, data FROM relay_retained
  WHERE namespace = ? AND topic = ? AND expires_at > ?`;
const DELETE = 'DELETE FROM relay_retained WHERE namespace = ? AND topic = ? AND expires_at > ?';

/** A published message, on its way. */
export interface Message {
  topic: string;
  /** Its number: the later a message, the greater. */
  id: number;
  ts: number;
  data: string;
}

/** Keeps a message for those who subscribe to its topic later, instead of the topic's last one. */
export function retain(
  tx: Transaction,
  namespace: string,
  { topic, id, ts, data }: Message,
  milliseconds: number,
): void {
  const expiresAt = timeIn(tx, milliseconds);
  tx.runKeepingReady(KEEP, namespace, topic, id, ts, data, expiresAt);
}

/** The retained message of a topic. */
export function retainedMessage(
  tx: Transaction,
  namespace: string,
  topic: string,
): RelayRetainedMessage | undefined {
  type Found = { message: number; ts: number; data: string };
  const found = tx.get<Found>(FIND, namespace, topic, tx.steadyNow());
  if (found === undefined) return undefined;
  const { message, ts, data } = found;
  return { mid: String(message), ts, data };
}

/** Deletes the retained message of a topic. Returns false when there was none. */
export function deleteRetained(tx: Transaction, namespace: string, topic: string): boolean {
  return tx.runKeepingReady(DELETE, namespace, topic, tx.steadyNow()) > 0;
}
