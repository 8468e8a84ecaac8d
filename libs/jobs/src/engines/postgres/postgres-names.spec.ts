import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeEngine, engineNamed } from '../../../../../test/support/engines.js';
import { migratePostgres } from './postgres-connection.js';
import { statementOf } from './postgres-commands.js';
import { withSchema } from './postgres-names.js';
import { BACKEND_SQL, SQL } from './postgres-scripts.js';
import { TURN_SQL } from './postgres-turn-scripts.js';

const fixture = engineNamed('postgres');

/** What BullMQ's backend runs; the relay's are none of ours. */
function commandsOfBullmq(): string[] {
  const folder = new URL(import.meta.resolve('bullmq/package.json')).pathname.replace(/[^/]+$/, '');
  const file = `${folder}dist/cjs/postgres/postgres-queue-backend.js`;
  const source = readFileSync(file, 'utf8');
  return [...new Set([...source.matchAll(/\brun\(\s*'(\w+)'/g)].map(([, name]) => name!))];
}

describeEngine(fixture, 'the names in statements', () => {
  const names = fixture.isolation();
  let client: pg.Client;

  beforeAll(async () => {
    await migratePostgres(fixture.url, names);
    client = new pg.Client({ connectionString: fixture.url });
    await client.connect();
    // Nothing is found but what says where it is.
    await client.query("SET search_path TO ''");
  });

  afterAll(async () => {
    await client.end();
    await fixture.cleanup(names);
  });

  const ours = Object.entries({ ...SQL, ...BACKEND_SQL, ...TURN_SQL });
  const plain = commandsOfBullmq().map((name) => [name, textOf(name, [])] as const);
  const held = textOf('add_job', ['q', 'id', ...Array<null>(8), 'parent']);
  const cleaned = ['completed', 'failed', 'active', 'delayed', 'prioritized', 'wait'].map(
    (state) => [`clean ${state}`, textOf('clean', ['q', state])] as const,
  );

  it.each([...ours, ...plain, ['add_job with a parent', held] as const, ...cleaned])(
    '%s names the schema of each',
    async (_name, text) => {
      const prepared = client.query(`PREPARE p AS ${withSchema(text, names.schema)}`);
      await expect(prepared).resolves.toMatchObject({ command: 'PREPARE' });
      await client.query('DEALLOCATE p');
    },
  );

  it('knows all commands of BullMQ', () => {
    expect(plain.length).toBeGreaterThan(70);
  });

  function textOf(command: string, params: readonly unknown[]): string {
    return statementOf(command, params, 0).text;
  }
});
