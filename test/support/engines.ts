import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { EngineCapabilities, JobsModuleOptions } from 'nestjs-jobs';
import { afterEachFile } from './after-tests.js';
import { describeUnless } from './describe-unless.js';
import { dropSchemaAt, ReusedSchemas } from './reused-schemas.js';
import { postgresServer, redisServer, type SharedServer, sqliteFolder } from './servers.js';

type JobsConnection = NonNullable<JobsModuleOptions['connection']>;

/** Names of the engines that a contract suite runs on. */
export type EngineName = 'redis' | 'postgres' | 'sqlite';

/** Names that no other test uses: Redis and SQLite isolate by prefix, PostgreSQL by schema. */
export interface Isolation {
  prefix: string;
  schema: string;
}

/** One engine as a contract suite sees it. */
export interface EngineFixture {
  name: EngineName;
  /** What the engine says of itself on such a store; engine.spec.ts compares. */
  capabilities: EngineCapabilities;
  /** Where the shared server, or this test file's jobs file, is; empty when it is not available. */
  url: string;
  /**
   * What the tests of one process give to `forRoot()`: with few connections, each of which costs
   * PostgreSQL 10 ms.
   */
  connection: JobsConnection;
  available: boolean;
  /** Why not, when it is not available. */
  reason: string;
  /** New unique names; ask once per test or file, and pass them to `cleanup` at the end. */
  isolation(): Isolation;
  /**
   * The same, but the place under these names may be one that an earlier test of the file has used
   * and that is empty again: for tests that care for what is stored, and not for how the place is
   * made.
   */
  reusedIsolation(): Isolation;
  /** Removes everything stored under these names. Nobody uses them any more. */
  cleanup(isolation: Isolation): Promise<void>;
}

const SERVER = { sharedAcrossMachines: true, outlivesProcess: true };

/** Of each engine, with a server or a file. */
const CAPABILITIES: Readonly<Record<EngineName, EngineCapabilities>> = {
  redis: { ...SERVER, transactionalEnqueue: false },
  postgres: { ...SERVER, transactionalEnqueue: true },
  sqlite: { transactionalEnqueue: true, sharedAcrossMachines: false, outlivesProcess: true },
};

/**
 * What `forRoot()` is told of such names: each store has a word of its own for them, and refuses
 * the other.
 */
export function placeOn(
  connection: JobsConnection,
  { prefix, schema }: Isolation,
): Pick<JobsModuleOptions, 'prefix' | 'schema'> {
  const isPostgres =
    typeof connection === 'string'
      ? connection.startsWith('postgres')
      : ['connectionString', 'database', 'totalCount'].some((member) => member in connection);
  return isPostgres ? { schema } : { prefix };
}

/**
 * A fixture for every engine, available or not: a missing one shows up as skipped, never as absent.
 */
export function engineFixtures(): EngineFixture[] {
  return [
    fixture('redis', redisServer(), deleteKeys),
    fixture('postgres', postgresServer(), removeSchema),
    fixture('sqlite', newFile(), async () => undefined),
  ];
}

/** The engines, read once per test file. */
export const ENGINES: readonly EngineFixture[] = engineFixtures();

/**
 * Registers a suite once per engine, e.g. `describeEngines('delays', (engine) => { it(…) })`.
 * Where the engine is not available its tests are skipped, with the reason in the suite's name.
 */
export function describeEngines(title: string, suite: (engine: EngineFixture) => void): void {
  for (const engine of ENGINES) describeEngine(engine, title, suite);
}

/** The fixture of one engine, for what only that one has. */
export function engineNamed(name: EngineName): EngineFixture {
  return ENGINES.find((engine) => engine.name === name)!;
}

/**
 * As `describeEngines`, without engines that cannot: nothing is missing there, so nothing is
 * skipped.
 */
export function describeEnginesWith(
  capability: keyof EngineCapabilities,
  title: string,
  suite: (engine: EngineFixture) => void,
): void {
  const able = ENGINES.filter(({ capabilities }) => capabilities[capability]);
  for (const engine of able) describeEngine(engine, title, suite);
}

/** Registers a suite for one engine alone, as `describeEngines` does for each. */
export function describeEngine(
  engine: EngineFixture,
  title: string,
  suite: (engine: EngineFixture) => void,
): void {
  const obstacle = engine.available ? undefined : engine.reason;
  describeUnless(obstacle, `${title} [${engine.name}]`, () => suite(engine));
}

function fixture(
  name: EngineName,
  server: SharedServer,
  remove: (url: string, isolation: Isolation) => Promise<void>,
): EngineFixture {
  const url = urlOf(server);
  return {
    name,
    capabilities: CAPABILITIES[name],
    url,
    connection: name === 'postgres' ? { connectionString: url, max: 2 } : url,
    available: server.available,
    reason: server.available ? '' : server.reason,
    isolation: uniqueNames,
    reusedIsolation: () => {
      const names = uniqueNames();
      return name === 'postgres' ? { ...names, schema: reused.take(() => names.schema) } : names;
    },
    cleanup: (isolation) => remove(url, isolation),
  };
}

/** Needs no server. What is stored in it goes with the run's folder. */
function newFile(): SharedServer {
  return { available: true, url: `file:${join(sqliteFolder(), `${randomUUID()}.sqlite`)}` };
}

function uniqueNames(): Isolation {
  const id = randomUUID().replaceAll('-', '').slice(0, 16);
  return { prefix: `t${id}`, schema: `t_${id}` };
}

/** Deletes `prefix:*` and, with a hash tag, `{prefix}:*`. */
async function deleteKeys(url: string, { prefix }: Isolation): Promise<void> {
  const client = new Redis(url);
  try {
    const found = client.scanStream({ match: `*${prefix}*`, count: 1_000 });
    for await (const keys of found as AsyncIterable<string[]>) {
      if (keys.length > 0) await client.unlink(...keys);
    }
  } finally {
    client.disconnect();
  }
}

/** Those of this test file. */
const reused = new ReusedSchemas(urlOf(postgresServer()));

afterEachFile.push(() => reused.drop());

async function removeSchema(url: string, { schema }: Isolation): Promise<void> {
  if (reused.has(schema)) await reused.giveBack(schema);
  else await dropSchemaAt(url, schema);
}

function urlOf(server: SharedServer): string {
  return server.available ? server.url : '';
}
