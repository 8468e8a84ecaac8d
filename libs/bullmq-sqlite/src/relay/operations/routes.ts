import type { Transaction } from '../../store/index.js';
import { matches } from './topic.js';

/** A live node that gets a message, and for which of its endpoints. */
export interface Route {
  node: TargetNode;
  endpoints: Set<string>;
}

/** What of a node its inbox needs. */
export interface TargetNode {
  id: number;
  name: string;
  inbox_limit: number;
  fetched: number;
  unread: number;
}

interface Subscriber extends TargetNode {
  endpoint: string;
  pattern: string;
}

const SUBSCRIBERS = `SELECT s.endpoint, s.pattern, n.id, n.name, n.inbox_limit, n.fetched, n.unread
  FROM relay_subscription s JOIN relay_node n ON n.id = s.node`;
const EXACT = `${SUBSCRIBERS} WHERE s.namespace = ? AND s.pattern = ? AND n.lease_until > ?
  ORDER BY n.name || '|', s.endpoint`;
const WITH_WILDCARDS = `${SUBSCRIBERS}
  WHERE s.namespace = ? AND s.root = ? AND n.lease_until > ?
  ORDER BY s.pattern, n.name || '|', s.endpoint`;

/**
 * The live nodes with subscriptions to a topic. Each endpoint is there once, whatever number of its
 * patterns match. Endpoints come in Redis's order: those of the exact topic first.
 */
export function findRoutes(
  tx: Transaction,
  namespace: string,
  topic: string,
  segments: readonly string[],
): Route[] {
  const now = tx.steadyNow();
  const routes = new Map<number, Route>();
  for (const found of tx.all<Subscriber>(EXACT, namespace, topic, now)) addTo(routes, found);
  for (const root of [segments[0] ?? '', '*']) {
    const candidates = tx.all<Subscriber>(WITH_WILDCARDS, namespace, root, now);
    for (const found of matching(candidates, segments)) addTo(routes, found);
  }
  return [...routes.values()];
}

/**
 * Those whose pattern stands for the topic; they are in the order of their patterns, so each is
 * matched once.
 */
function* matching(
  candidates: readonly Subscriber[],
  segments: readonly string[],
): Generator<Subscriber> {
  let pattern = '';
  let isMatch = false;
  for (const candidate of candidates) {
    if (candidate.pattern !== pattern) {
      ({ pattern } = candidate);
      isMatch = matches(pattern.split('.'), segments);
    }
    if (isMatch) yield candidate;
  }
}

function addTo(routes: Map<number, Route>, subscriber: Subscriber): void {
  const known = routes.get(subscriber.id);
  if (known !== undefined) known.endpoints.add(subscriber.endpoint);
  else routes.set(subscriber.id, { node: subscriber, endpoints: new Set([subscriber.endpoint]) });
}
