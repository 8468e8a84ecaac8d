import pg from 'pg';

/** What tells which migrations a schema has. */
const LEDGERS = ['migration', 'jobs_migration'];

/**
 * PostgreSQL schemas that the tests of a file use one after the other. To make one takes the server
 * 150 ms, to empty one takes 3.
 */
export class ReusedSchemas {
  private readonly all = new Set<string>();
  private readonly free: string[] = [];
  private connected: Promise<pg.Client> | undefined;

  constructor(private readonly url: string) {}

  /** One that nobody uses, and that is empty: a new name, or what was given back. */
  take(newName: () => string): string {
    const schema = this.free.pop() ?? newName();
    this.all.add(schema);
    return schema;
  }

  has(schema: string): boolean {
    return this.all.has(schema);
  }

  /** Empties it for the next test. Everybody who used it has let go of it. */
  async giveBack(schema: string): Promise<void> {
    if (this.free.includes(schema)) return;
    const client = await this.client();
    const { rows } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
       WHERE schemaname = $1 AND tablename <> ALL ($2)`,
      [schema, LEDGERS],
    );
    // Not TRUNCATE, which makes new files of all tables and their indexes.
    await client.query(rows.map(({ name }) => `DELETE FROM ${name}`).join(';'));
    this.free.push(schema);
  }

  /** Removes them all: the file is over. */
  async drop(): Promise<void> {
    if (this.all.size === 0) return;
    const client = await this.client();
    for (const schema of this.all) await dropSchema(client, schema);
    await client.end();
    this.all.clear();
    this.free.length = 0;
    this.connected = undefined;
  }

  /** One for all tests: to connect costs more than to empty a schema. */
  private client(): Promise<pg.Client> {
    return (this.connected ??= connect(this.url));
  }
}

/** Removes one schema with all that is in it. */
export async function dropSchemaAt(url: string, schema: string): Promise<void> {
  const client = await connect(url);
  try {
    await dropSchema(client, schema);
  } finally {
    await client.end();
  }
}

async function dropSchema(client: pg.Client, schema: string): Promise<void> {
  await client.query(`DROP SCHEMA IF EXISTS ${pg.escapeIdentifier(schema)} CASCADE`);
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}
