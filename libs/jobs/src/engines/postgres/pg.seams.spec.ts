import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { assertPg } from './pg.seams.js';
import type { PostgresDriver } from './postgres-client.js';

const driver = pg as unknown as PostgresDriver;

describe('pg', () => {
  it('is as it is relied on', async () => {
    await expect(assertPg(driver)).resolves.toBeUndefined();
  });

  it.each(['connection', 'processID', 'binary', 'getTransactionStatus', 'getTypeParser'])(
    'is refused without %s',
    async (part) => {
      const { prototype } = driver.Client;
      const Client = function Client(config: object): object {
        const client = new driver.Client(config);
        const members = {
          ...Object.getOwnPropertyDescriptors(prototype),
          ...Object.getOwnPropertyDescriptors(client),
          [part]: undefined,
        };
        const { [part]: _gone, ...others } = members;
        return Object.defineProperties({}, others as PropertyDescriptorMap);
      };
      await expect(assertPg({ ...driver, Client: Client as never })).rejects.toThrow(
        `is not what this version of nestjs-jobs was made for:\n  - inner parts of a client: ${part}`,
      );
    },
  );

  it('is refused when a pool makes clients of its own', async () => {
    class Pool {}
    await expect(assertPg({ Client: driver.Client, Pool: Pool as never })).rejects.toThrow(
      'the class of the clients of a pool: that is given expected true, got false',
    );
  });
});
