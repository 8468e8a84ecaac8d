import { BULLMQ_MAJOR_VERSION } from 'bullmq';
import type { CoordinationStore } from '../../contracts/index.js';
import { knownQueues } from '../../coordination/index.js';
import { HUBS_QUEUE } from '../../options/index.js';
import type { RedisClient } from './redis-settings.js';

/** What BullMQ notes of itself in a queue's keys: `bullmq:6.7.0`. */
const NOTED = /:(\d+)\./;

/**
 * Looks whether a queue was opened last by a newer major version of BullMQ, which may have changed
 * the keys.
 * @returns what was expected and what was found, in words; undefined when there is none
 * @internal
 */
export async function newerBullmqIn(
  client: RedisClient,
  prefix: string,
  store: CoordinationStore,
): Promise<string | undefined> {
  const queues = [HUBS_QUEUE, ...(await knownQueues.all(store))];
  const versions = await Promise.all(
    queues.map((queue) => client.hget(`${prefix}:${queue}:meta`, 'version')),
  );
  const newer = queues.findIndex((_, i) => majorOf(versions[i]) > BULLMQ_MAJOR_VERSION);
  if (newer === -1) return undefined;
  return `expected queues of BullMQ ${BULLMQ_MAJOR_VERSION} or older, got "${queues[newer]}" with "${versions[newer]}"`;
}

function majorOf(version: string | null | undefined): number {
  return Number(NOTED.exec(version ?? '')?.[1] ?? 0);
}
