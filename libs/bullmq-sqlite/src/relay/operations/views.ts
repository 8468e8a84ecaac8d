import type {
  RelayCounts,
  RelayNodeInfo,
  RelayNodeState,
  RelayPatternState,
  RelayRetainedState,
  RelaySubscriptionFilter,
  RelaySubscriptionState,
} from 'bullmq';
import type { Transaction } from '../../store/index.js';
import { wallTime } from './lease.js';

/** Rows of a list, as SQLite counts them: how many, -1 for all, after how many. */
export type Page = [limit: number, offset: number];

const LIVE = 'n.lease_until > ?1';
const COUNTS = `SELECT
  (SELECT count(*) FROM relay_node WHERE namespace = ?1) AS nodes,
  (SELECT count(*) FROM relay_subscription s JOIN relay_node n ON n.id = s.node
    WHERE n.namespace = ?1) AS subscriptions,
  (SELECT count(DISTINCT s.pattern) FROM relay_subscription s JOIN relay_node n ON n.id = s.node
    WHERE n.namespace = ?1) AS patterns,
  (SELECT count(*) FROM relay_retained WHERE namespace = ?1 AND expires_at > ?2) AS retained`;
const NODES = `SELECT n.name AS id, n.registered_at AS registeredAt, n.lease_until AS leaseUntil,
  iif(${LIVE}, n.info, '{}') AS info, iif(${LIVE}, n.heartbeat_at, NULL) AS lastHeartbeat,
  iif(${LIVE}, n.backlog, 0) AS backlog, iif(${LIVE}, n.dropped, 0) AS dropped,
  (SELECT count(*) FROM relay_subscription s WHERE s.node = n.id) AS subscriptions
  FROM relay_node n WHERE n.namespace = ?2 ORDER BY n.registered_at, n.name LIMIT +?3 OFFSET +?4`;
const PATTERNS = `SELECT s.pattern, count(*) AS subscriptions
  FROM relay_subscription s JOIN relay_node n ON n.id = s.node
  WHERE n.namespace = ? GROUP BY s.pattern ORDER BY s.pattern LIMIT +? OFFSET +?`;
const RETAINED = `SELECT topic, expires_at AS expiresAt, message, ts, data FROM relay_retained
  WHERE namespace = ? AND expires_at > ? ORDER BY expires_at, topic LIMIT +? OFFSET +?`;
const NAMESPACES = `SELECT namespace FROM relay_node WHERE lease_until > ?1
  UNION SELECT namespace FROM relay_retained WHERE expires_at > ?1 ORDER BY namespace`;

const SUBSCRIPTIONS = `SELECT n.name AS nodeId, s.endpoint AS endpointId, s.pattern
  FROM relay_subscription s JOIN relay_node n ON n.id = s.node WHERE n.namespace = ?`;
/**
 * Redis orders subscriptions as one text, "node|endpoint|pattern" or "pattern|node|endpoint": an id
 * comes after the longer ones that begin like it, unless it is the last.
 */
const IN_ORDER = `ORDER BY n.name || '|', s.endpoint || '|', s.pattern LIMIT +? OFFSET +?`;
const ALL_SUBSCRIPTIONS = `${SUBSCRIPTIONS} ${IN_ORDER}`;
const OF_NODE = `${SUBSCRIPTIONS} AND n.name = ? ${IN_ORDER}`;
const OF_PATTERN = `${SUBSCRIPTIONS} AND s.namespace = n.namespace AND s.pattern = ?
  ORDER BY n.name || '|', s.endpoint LIMIT +? OFFSET +?`;

/** The positions `start` to `end`, both included; an `end` of -1 is the last one. */
export function pageOf(start: number, end: number): Page {
  return [end < 0 ? -1 : Math.max(0, end - start + 1), start];
}

/** How much there is in a namespace. */
export function relayCounts(tx: Transaction, namespace: string): RelayCounts {
  const counts = { nodes: 0, subscriptions: 0, patterns: 0, retained: 0 };
  return { ...counts, ...tx.get<RelayCounts>(COUNTS, namespace, tx.steadyNow()) };
}

/**
 * Nodes in the order in which they registered. Of one whose lease is over nothing is told but that.
 */
export function relayNodes(tx: Transaction, namespace: string, page: Page): RelayNodeState[] {
  type NodeView = Omit<RelayNodeState, 'info' | 'lastHeartbeat'> & {
    info: string;
    lastHeartbeat: number | null;
  };
  return tx
    .all<NodeView>(NODES, tx.steadyNow(), namespace, ...page)
    .map(({ info, lastHeartbeat, leaseUntil, ...node }) => ({
      ...node,
      leaseUntil: wallTime(tx, leaseUntil),
      info: JSON.parse(info) as RelayNodeInfo,
      ...(lastHeartbeat === null ? {} : { lastHeartbeat }),
    }));
}

/** All subscriptions, or those of one node or to one pattern. */
export function relaySubscriptions(
  tx: Transaction,
  namespace: string,
  filter: RelaySubscriptionFilter | undefined,
  page: Page,
): RelaySubscriptionState[] {
  if (filter === undefined) return list(ALL_SUBSCRIPTIONS);
  return 'nodeId' in filter ? list(OF_NODE, filter.nodeId) : list(OF_PATTERN, filter.pattern);

  function list(sql: string, ...values: string[]): RelaySubscriptionState[] {
    return tx.all<RelaySubscriptionState>(sql, namespace, ...values, ...page).map(asPlainObject);
  }
}

/** Patterns that somebody has subscribed to, by name. */
export function relayPatterns(tx: Transaction, namespace: string, page: Page): RelayPatternState[] {
  return tx.all<RelayPatternState>(PATTERNS, namespace, ...page).map(asPlainObject);
}

/** Retained messages, the next to expire first. */
export function relayRetained(
  tx: Transaction,
  namespace: string,
  page: Page,
): RelayRetainedState[] {
  type RetainedView = Omit<RelayRetainedState, 'mid'> & { message: number };
  return tx
    .all<RetainedView>(RETAINED, namespace, tx.steadyNow(), ...page)
    .map(({ message, expiresAt, ...rest }) => ({
      ...rest,
      expiresAt: wallTime(tx, expiresAt),
      mid: String(message),
    }));
}

/** The namespaces in which a node lives or a message is retained, by name. */
export function relayNamespaces(tx: Transaction): string[] {
  return tx
    .all<{ namespace: string }>(NAMESPACES, tx.steadyNow())
    .map(({ namespace }) => namespace);
}

/** Rows of SQLite have no prototype, which tests and printers of objects take amiss. */
function asPlainObject<Row extends object>(row: Row): Row {
  return { ...row };
}
