import type { RelaySubscribeResult } from 'bullmq';
import type { Transaction } from '../../store/index.js';
import { findLiveNode, findNode } from './nodes.js';
import { retainedMessage } from './retained.js';
import { patternRoot } from './topic.js';

/** Who subscribes to what. */
export interface Subscription {
  node: string;
  endpoint: string;
  pattern: string;
  /** The pattern's segments, which are valid. */
  segments: readonly string[];
}

const ADD = `INSERT INTO relay_subscription (node, endpoint, pattern, namespace, root)
  VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;
const REMOVE = 'DELETE FROM relay_subscription WHERE node = ? AND endpoint = ?';

/**
 * Subscribes an endpoint, and reads the retained message of an exact topic in the same transaction:
 * no message falls between the two.
 *
 * @returns Undefined when the node is not registered, or its lease is over.
 */
export function subscribe(
  tx: Transaction,
  namespace: string,
  { node, endpoint, pattern, segments }: Subscription,
): RelaySubscribeResult | undefined {
  const row = findLiveNode(tx, namespace, node);
  if (row === undefined) return undefined;
  const root = patternRoot(segments);
  const added = tx.runKeepingReady(ADD, row.id, endpoint, pattern, namespace, root) > 0;
  const retained = root === null ? retainedMessage(tx, namespace, pattern) : undefined;
  return retained === undefined ? { added } : { added, retained };
}

/** Removes all subscriptions of an endpoint. Returns how many there were. */
export function removeEndpoint(
  tx: Transaction,
  namespace: string,
  nodeName: string,
  endpoint: string,
): number {
  const node = findNode(tx, namespace, nodeName);
  return node === undefined ? 0 : tx.runKeepingReady(REMOVE, node.id, endpoint);
}
