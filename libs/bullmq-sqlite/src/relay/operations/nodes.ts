import type { RelayNodeInfo } from 'bullmq';
import type { Transaction } from '../../store/index.js';
import { timeIn } from './lease.js';
import { removeNode } from './removal.js';

/** A row of `relay_node`, as far as its subscriptions and its inbox need it. */
export interface NodeRow {
  id: number;
  fetched: number;
  unread: number;
  lease_until: number;
}

/** The process that reads a node's inbox. */
export interface Reader {
  host: string;
  process: number;
  /** Since when, in ms. */
  since: number;
}

/** What a node says of itself when it registers. */
export interface NodeDetails {
  leaseMs: number;
  info: RelayNodeInfo;
  /** How many messages its inbox holds at most. */
  inboxLimit: number;
  /** Set when its inbox is being read. */
  reader: Reader | undefined;
}

const FIND = `SELECT id, fetched, unread, lease_until FROM relay_node
  WHERE namespace = ? AND name = ?`;
const ADD = `INSERT INTO relay_node
  (namespace, name, info, registered_at, heartbeat_at, lease_until, inbox_limit,
   reader_host, reader_process, reader_since)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const REFRESH = `UPDATE relay_node SET info = ?, heartbeat_at = ?, lease_until = ?, inbox_limit = ?
  WHERE id = ?`;
const RENEW = `UPDATE relay_node SET heartbeat_at = ?, lease_until = ?
  WHERE namespace = ? AND name = ? AND lease_until > ?`;
const SET_READER = `UPDATE relay_node SET reader_host = ?, reader_process = ?, reader_since = ?
  WHERE namespace = ? AND name = ?`;
const UNSET_READER = `UPDATE relay_node
  SET reader_host = NULL, reader_process = NULL, reader_since = NULL
  WHERE namespace = ? AND name = ? AND reader_host = ? AND reader_process = ? AND reader_since = ?`;

/** A node, also one whose lease is over and that nobody has swept yet. */
export function findNode(tx: Transaction, namespace: string, name: string): NodeRow | undefined {
  return tx.get<NodeRow>(FIND, namespace, name);
}

/** A node whose lease is not over. */
export function findLiveNode(
  tx: Transaction,
  namespace: string,
  name: string,
): NodeRow | undefined {
  const node = findNode(tx, namespace, name);
  return node !== undefined && node.lease_until > tx.steadyNow() ? node : undefined;
}

/**
 * Registers a node. One that lives keeps its subscriptions and its inbox; one whose lease is over
 * starts anew, because messages have passed it by.
 *
 * @returns Whether rows of the old one are left to be deleted.
 */
export function registerNode(
  tx: Transaction,
  namespace: string,
  name: string,
  { leaseMs, info, inboxLimit, reader }: NodeDetails,
): boolean {
  const now = Date.now();
  const until = timeIn(tx, leaseMs);
  const text = JSON.stringify(info);
  const known = findNode(tx, namespace, name);
  if (known !== undefined && known.lease_until > tx.steadyNow()) {
    tx.runKeepingReady(REFRESH, text, now, until, inboxLimit, known.id);
    return false;
  }
  if (known !== undefined) removeNode(tx, known.id);
  const { host = null, process = null, since = null } = reader ?? {};
  const values = [namespace, name, text, now, now, until, inboxLimit, host, process, since];
  tx.runKeepingReady(ADD, ...values);
  return known !== undefined;
}

/** Renews a lease. Returns false when it is over, or there is none. */
export function renewLease(
  tx: Transaction,
  namespace: string,
  name: string,
  leaseMs: number,
): boolean {
  const until = timeIn(tx, leaseMs);
  return tx.runKeepingReady(RENEW, Date.now(), until, namespace, name, tx.steadyNow()) > 0;
}

/** Keeps which process reads a node's inbox. */
export function setReader(
  tx: Transaction,
  namespace: string,
  name: string,
  { host, process, since }: Reader,
): void {
  tx.runKeepingReady(SET_READER, host, process, since, namespace, name);
}

/** Forgets that a process reads a node's inbox, unless another one does by now. */
export function unsetReader(
  tx: Transaction,
  namespace: string,
  name: string,
  { host, process, since }: Reader,
): void {
  tx.runKeepingReady(UNSET_READER, namespace, name, host, process, since);
}
