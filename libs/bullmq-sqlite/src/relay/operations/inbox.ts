import type { RelayInboxEntry } from 'bullmq';
import type { Transaction } from '../../store/index.js';
import { findLiveNode } from './nodes.js';
import type { Message } from './retained.js';
import type { Route } from './routes.js';

interface EntryRow {
  message: number;
  topic: string;
  ts: number;
  data: string;
  endpoints: string;
}

const ADD = `INSERT INTO relay_inbox (node, message, topic, ts, data, endpoints)
  VALUES (?, ?, ?, ?, ?, ?)`;
const ANY_AFTER = 'SELECT 1 FROM relay_inbox WHERE node = ? AND message > ? LIMIT 1';
const AFTER = `SELECT message, topic, ts, data, endpoints FROM relay_inbox
  WHERE node = ? AND message > ? ORDER BY message LIMIT +?`;
const SET_FETCHED = 'UPDATE relay_node SET fetched = ? WHERE id = ?';
const DELETE_UP_TO = 'DELETE FROM relay_inbox WHERE node = ? AND message <= ?';
const OLDEST = 'SELECT message FROM relay_inbox WHERE node = ? ORDER BY message LIMIT +?';
const COUNT_AFTER_DELIVERY = 'UPDATE relay_node SET unread = ?, dropped = dropped + ? WHERE id = ?';
const COUNT_AFTER_TRIM = `UPDATE relay_node SET unread = ?1, backlog = ?1, dropped = dropped + ?2
  WHERE id = ?3`;

/** The name by which who waits for a node's messages is woken. */
export function inboxChange(namespace: string, nodeName: string): string {
  return `relay:${namespace}:${nodeName}`;
}

/**
 * Puts a message into a node's inbox, and wakes its reader. In a full inbox the oldest one makes
 * place.
 */
export function deliver(
  tx: Transaction,
  namespace: string,
  { node, endpoints }: Route,
  { id, topic, ts, data }: Message,
): void {
  const surplus = node.unread + 1 - node.inbox_limit;
  const lost = dropOldest(tx, node.id, surplus, node.fetched);
  tx.runKeepingReady(ADD, node.id, id, topic, ts, data, [...endpoints].join(','));
  const unread = node.unread - lost.removed + 1;
  tx.runKeepingReady(COUNT_AFTER_DELIVERY, unread, lost.dropped, node.id);
  tx.announce(inboxChange(namespace, node.name));
}

/** Whether a live node has messages after a position. */
export function hasMessages(
  tx: Transaction,
  namespace: string,
  nodeName: string,
  after: number,
): boolean {
  const node = findLiveNode(tx, namespace, nodeName);
  return node !== undefined && tx.get(ANY_AFTER, node.id, after) !== undefined;
}

/**
 * The next messages of a live node's inbox. They are marked as fetched: from now on their reader
 * delivers them, and they are not lost when a full inbox lets go of them.
 */
export function fetchMessages(
  tx: Transaction,
  namespace: string,
  nodeName: string,
  after: number,
  count: number,
): RelayInboxEntry[] {
  const node = findLiveNode(tx, namespace, nodeName);
  if (node === undefined) return [];
  const rows = tx.all<EntryRow>(AFTER, node.id, after, count);
  const last = rows.at(-1);
  if (last !== undefined) tx.runKeepingReady(SET_FETCHED, last.message, node.id);
  return rows.map(({ message, topic, ts, data, endpoints }) => ({
    kind: 'msg',
    topic,
    mid: String(message),
    ts,
    data,
    endpoints: endpoints.split(','),
  }));
}

/**
 * Removes what was read from a live node's inbox, up to a position, and the oldest messages beyond
 * `limit`.
 *
 * @returns How many are left.
 */
export function trimInbox(
  tx: Transaction,
  namespace: string,
  nodeName: string,
  upTo: number,
  limit: number,
): number {
  const node = findLiveNode(tx, namespace, nodeName);
  if (node === undefined) return 0;
  const left = node.unread - tx.runKeepingReady(DELETE_UP_TO, node.id, upTo);
  const lost = dropOldest(tx, node.id, left - limit, Math.max(node.fetched, upTo));
  const unread = left - lost.removed;
  tx.runKeepingReady(COUNT_AFTER_TRIM, unread, lost.dropped, node.id);
  return unread;
}

/**
 * Removes the oldest `surplus` messages; of these, those after `fetched` are dropped: nobody has
 * got them.
 */
function dropOldest(
  tx: Transaction,
  node: number,
  surplus: number,
  fetched: number,
): { removed: number; dropped: number } {
  if (surplus <= 0) return { removed: 0, dropped: 0 };
  const oldest = tx.all<{ message: number }>(OLDEST, node, surplus);
  const newest = oldest.at(-1);
  if (newest === undefined) return { removed: 0, dropped: 0 };
  tx.runKeepingReady(DELETE_UP_TO, node, newest.message);
  const dropped = oldest.filter(({ message }) => message > fetched).length;
  return { removed: oldest.length, dropped };
}
