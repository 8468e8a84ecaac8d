import { Redis } from 'ioredis';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  startPrivatePostgres,
  startPrivateRedis,
  whyNoPrivatePostgres,
  whyNoPrivateRedis,
} from '../support/servers.js';

/**
 * The fault tests rest on these servers: they must die, and come back with what they had stored.
 */
describe('private servers', () => {
  it('keep Redis data over a kill with an append-only file', async (context) => {
    const obstacle = whyNoPrivateRedis();
    if (obstacle) context.skip(obstacle);
    const server = await startPrivateRedis({
      appendonly: true,
      settings: { appendfsync: 'always' },
    });
    onTestFinished(() => server.stop());
    const ask = async <T>(question: (client: Redis) => Promise<T>): Promise<T> => {
      const client = new Redis(server.url, { retryStrategy: () => null, maxRetriesPerRequest: 0 });
      client.on('error', () => undefined);
      return question(client).finally(() => client.disconnect());
    };
    await ask((client) => client.set('kept', 'yes'));

    await server.kill('SIGKILL');
    await expect(ask((client) => client.get('kept'))).rejects.toThrow(/closed|ECONNREFUSED/);
    await server.restart();

    expect(await ask((client) => client.get('kept'))).toBe('yes');
  });

  it('keep PostgreSQL data over an immediate stop', async (context) => {
    const obstacle = whyNoPrivatePostgres();
    if (obstacle) context.skip(obstacle);
    const server = await startPrivatePostgres();
    onTestFinished(() => server.stop());
    const ask = async (sql: string): Promise<unknown[]> => {
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      try {
        return (await client.query(sql)).rows;
      } finally {
        await client.end();
      }
    };
    await ask('CREATE TABLE kept AS SELECT 1 AS value');

    await server.stopImmediate();
    await expect(ask('SELECT 1')).rejects.toThrow('ECONNREFUSED');
    await server.restart();

    expect(await ask('SELECT value FROM kept')).toEqual([{ value: 1 }]);
  });
});
