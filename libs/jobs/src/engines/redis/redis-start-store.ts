import type { StartRequest, StartStore } from '../../contracts/index.js';
import type { SharedRedis } from './redis-connection.js';
import { runScript } from './redis-scripts.js';

/**
 * The log of starts on Redis: see redis-turn-scripts.ts. All keys are under `<prefix>:x:start`.
 * @internal
 */
export class RedisStartStore implements StartStore {
  constructor(
    private readonly redis: SharedRedis,
    private readonly prefix: string,
  ) {}

  start(requests: readonly StartRequest[]): Promise<readonly number[]> {
    const packed = requests.map(({ key, job, max, perMs }) => [key, job, max, perMs]);
    return runScript<number[]>(
      this.redis.client,
      'starts',
      `${this.prefix}:x:starts:last`,
      `${this.prefix}:x:start:`,
      JSON.stringify(packed),
    );
  }
}
