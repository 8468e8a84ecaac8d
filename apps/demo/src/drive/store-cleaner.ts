import { Redis } from 'ioredis';
import pg from 'pg';

/**
 * Removes all that a drive stored in the server that it used, which may be a developer's own. A
 * file stays.
 */
export async function removeStored(
  jobsUrl: string,
  { prefix, schema }: { prefix: string; schema: string },
): Promise<void> {
  if (/^rediss?:/.test(jobsUrl)) await removeKeys(jobsUrl, prefix);
  if (/^postgres(?:ql)?:/.test(jobsUrl)) await dropSchema(jobsUrl, schema);
}

async function removeKeys(url: string, prefix: string): Promise<void> {
  const client = new Redis(url);
  try {
    const stream = client.scanStream({ match: `${prefix}*`, count: 1_000 });
    for await (const keys of stream as AsyncIterable<string[]>) {
      if (keys.length > 0) await client.unlink(...keys);
    }
  } finally {
    client.disconnect();
  }
}

async function dropSchema(url: string, schema: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`DROP SCHEMA IF EXISTS ${pg.escapeIdentifier(schema)} CASCADE`);
  } finally {
    await client.end();
  }
}
