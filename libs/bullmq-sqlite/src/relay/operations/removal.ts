import type { Transaction } from '../../store/index.js';

/**
 * How many rows a transaction deletes at most: a message can be large, and nothing else runs
 * meanwhile.
 */
const PORTION = 100;

const DELETE_NODE = 'DELETE FROM relay_node WHERE id = ?';
const REMEMBER = 'INSERT INTO relay_removed_node (node) VALUES (?)';
const REMEMBERED = 'SELECT node FROM relay_removed_node ORDER BY node LIMIT 1';
const FORGET = 'DELETE FROM relay_removed_node WHERE node = ?';

const FIND = 'SELECT id FROM relay_node WHERE namespace = ? AND name = ?';
const EXPIRED = `SELECT id, namespace, name FROM relay_node WHERE lease_until <= ?
  ORDER BY namespace <> ?, lease_until, name LIMIT +?`;

const DELETE_SUBSCRIPTIONS = `DELETE FROM relay_subscription WHERE node = ?1 AND (endpoint, pattern) IN
  (SELECT endpoint, pattern FROM relay_subscription WHERE node = ?1 LIMIT +?2)`;
const DELETE_MESSAGES = `DELETE FROM relay_inbox WHERE node = ?1 AND message IN
  (SELECT message FROM relay_inbox WHERE node = ?1 LIMIT +?2)`;
const DELETE_RETAINED = `DELETE FROM relay_retained WHERE (namespace, topic) IN
  (SELECT namespace, topic FROM relay_retained WHERE expires_at <= ? ORDER BY expires_at LIMIT +?)`;

/**
 * Removes a node: no message finds it from now on. Its subscriptions and its inbox, which can be
 * large, are left to `removeLeftovers`, and nobody sees them any more.
 */
export function removeNode(tx: Transaction, id: number): void {
  tx.runKeepingReady(DELETE_NODE, id);
  tx.runKeepingReady(REMEMBER, id);
}

/** Removes a node by its name. Returns false when it was not registered. */
export function unregisterNode(tx: Transaction, namespace: string, name: string): boolean {
  const node = tx.get<{ id: number }>(FIND, namespace, name);
  if (node !== undefined) removeNode(tx, node.id);
  return node !== undefined;
}

/**
 * Removes at most `limit` nodes whose lease is over: first those of this namespace, then those of
 * others, which may have no node left that would do it.
 *
 * @returns The names of those of this namespace, in the order in which their leases ended.
 */
export function removeExpiredNodes(tx: Transaction, namespace: string, limit: number): string[] {
  const expired = tx.all<{ id: number; namespace: string; name: string }>(
    EXPIRED,
    tx.steadyNow(),
    namespace,
    limit,
  );
  for (const { id } of expired) removeNode(tx, id);
  return expired.filter((node) => node.namespace === namespace).map(({ name }) => name);
}

/**
 * Deletes a portion of what removed nodes have left, and of retained messages that have expired.
 *
 * @returns Whether there may be more.
 */
export function removeLeftovers(tx: Transaction): boolean {
  let budget = PORTION - tx.runKeepingReady(DELETE_RETAINED, tx.steadyNow(), PORTION);
  while (budget > 0) {
    const next = tx.get<{ node: number }>(REMEMBERED);
    if (next === undefined) return false;
    budget -= tx.runKeepingReady(DELETE_SUBSCRIPTIONS, next.node, budget);
    if (budget > 0) budget -= tx.runKeepingReady(DELETE_MESSAGES, next.node, budget);
    if (budget > 0) tx.runKeepingReady(FORGET, next.node);
  }
  return true;
}
