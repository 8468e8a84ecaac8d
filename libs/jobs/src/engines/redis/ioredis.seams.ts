import type { Redis } from 'ioredis';
import { assertSeams, differs, type Seam } from '../../seams/index.js';
import type { RedisDriver } from './redis-settings.js';

/** What we take of ioredis. */
const IOREDIS_SEAMS: readonly Seam<RedisDriver>[] = [
  {
    what: 'inner parts of a client',
    why: 'a connection that waits for nothing lets the process end: ioredis has no option for it',
    provedBy: ['test/e2e/boot.test.ts'],
    differences: async (driver) => {
      const client = new driver.Redis({ lazyConnect: true });
      const parts = client as unknown as Record<
        'commandQueue' | 'offlineQueue',
        { length: number }
      >;
      return [
        differs('commandQueue', 0, parts.commandQueue.length),
        differs('offlineQueue', 0, parts.offlineQueue.length),
        differs('reconnectTimeout', true, 'reconnectTimeout' in client),
        differs('commands that pass sendCommand', ['ping'], await commandsOf(client)),
      ].flat();
    },
  },
];

/**
 * @param driver the package, or what a spec puts in its place
 * @throws LibraryChangedError
 * @internal
 */
export function assertIoredis(driver: RedisDriver): Promise<void> {
  return assertSeams('ioredis', driver, IOREDIS_SEAMS);
}

/** Of a client that does not connect. */
async function commandsOf(client: Redis): Promise<readonly string[]> {
  const sent: string[] = [];
  client.sendCommand = async ({ name }) => void sent.push(name);
  await client.ping();
  return sent;
}
