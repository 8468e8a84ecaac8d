import type { RelayPublishResult } from 'bullmq';
import type { Transaction } from '../../store/index.js';
import { deliver } from './inbox.js';
import { type Message, retain } from './retained.js';
import { findRoutes } from './routes.js';

/** A message to publish. */
export interface Publication extends Omit<Message, 'id'> {
  /** The topic's segments, which are valid. */
  segments: readonly string[];
  /** How long, in ms, later subscribers get the message; 0 for not at all. */
  retainMs: number;
}

const LAST_MESSAGE = 'SELECT last_message FROM relay_counter WHERE id = 1';
const COUNT_MESSAGE = 'UPDATE relay_counter SET last_message = ? WHERE id = 1';

/** Puts a message into the inbox of each live node that has a subscription to its topic. */
export function publish(
  tx: Transaction,
  namespace: string,
  { segments, retainMs, ...content }: Publication,
): RelayPublishResult {
  const message = { ...content, id: nextMessageId(tx) };
  if (retainMs > 0) retain(tx, namespace, message, retainMs);
  let endpoints = 0;
  const routes = findRoutes(tx, namespace, message.topic, segments);
  for (const route of routes) {
    deliver(tx, namespace, route, message);
    endpoints += route.endpoints.size;
  }
  return { mid: String(message.id), nodes: routes.length, endpoints };
}

/**
 * The number of a new message, which is also its position in every inbox. It starts from the clock,
 * in µs: the readers keep the position that they have read up to, and it must not be ahead of a
 * file that was removed or put back from a copy meanwhile.
 */
function nextMessageId(tx: Transaction): number {
  const last = tx.get<{ last_message: number }>(LAST_MESSAGE)?.last_message ?? 0;
  const id = Math.max(last + 1, Date.now() * 1_000);
  tx.runKeepingReady(COUNT_MESSAGE, id);
  return id;
}
