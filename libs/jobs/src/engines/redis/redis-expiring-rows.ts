import type { ExpiringRows } from '../../contracts/index.js';
import type { SharedRedis } from './redis-connection.js';
import { runScript } from './redis-scripts.js';

/**
 * Redis forgets what has expired by itself, but for the names in the index of the coordination
 * store. @internal
 */
export function redisExpiringRows(redis: SharedRedis, prefix: string): readonly ExpiringRows[] {
  const index = [`${prefix}:x:keys`, `${prefix}:x:expiry`];
  const free = async () => (await runScript<number>(redis.client, 'dropStale', ...index)) > 0;
  return [{ name: 'names of values', free }];
}
