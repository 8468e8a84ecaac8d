import type { PgPoolClient, PgPoolConfig, PgQueryable, PgQueryResult } from 'bullmq';
import {
  JobsConfigurationError,
  NewerStoreError,
  StoreUnreachableError,
} from '../../errors/index.js';
import { bootFailure, endsWithin } from '../../lifecycle/index.js';
import { withoutSecrets } from '../driver-error.js';
import { importDriver } from '../import-driver.js';
import { forDriver, monotonicNow, pause } from '../../timers/index.js';
import { StoreClock } from '../store-clock.js';
import { ClientNames } from './client-names.js';
import { assertPg } from './pg.seams.js';
import {
  connectingAtStart,
  endClient,
  type PostgresClient,
  type PostgresDriver,
  type PostgresPool,
} from './postgres-client.js';
import {
  asConnectionClosed,
  isConflict,
  isFatalConnectError,
  isPostgresConnectionError,
  postgresRefusal,
} from './postgres-errors.js';
import { PostgresListener } from './postgres-listener.js';
import { assertMigrated, migrateSchema, newerSchema } from './postgres-migrations.js';
import { withSchema } from './postgres-names.js';
import { SQL } from './postgres-scripts.js';
import { assertPresets, hasOwnSession, settleSession } from './postgres-session.js';
import {
  assertPostgresTarget,
  poolConfigOf,
  postgresAddress,
  type PostgresTarget,
} from './postgres-settings.js';
import { TYPES } from './postgres-types.js';

/**
 * A query that is not answered in this time is given up with its connection: the peer may be gone.
 */
const QUERY_TIMEOUT_MS = 15_000;
/** The same for queries that may rightly take long, such as cleaning a large queue. */
const SLOW_QUERY_TIMEOUT_MS = 120_000;
/**
 * A first migration of a fresh schema takes about a second; waiting for another process's, as long.
 */
const MIGRATION_TIMEOUT_MS = 120_000;

/** How long `close()` waits for queries that still run. */
const CLOSE_TIMEOUT_MS = 5_000;

const MOST_TEXTS = 500;
const RETRY_PAUSE_MS = 250;
const CONFLICT_RETRIES = 3;
const DEFAULT_POOL_SIZE = 10;

export interface PostgresConnectionSettings {
  /** Where sessions are our own, when `connection` is a transaction pooler. */
  readonly directConnection?: PostgresTarget | undefined;
  readonly schema: string;
  readonly migrate: boolean;
  readonly connectTimeoutMs: number;
}

/**
 * The engine's connections: one pool and one listener that all queues and workers of the process
 * share, and the clock of the server at their other end.
 * @internal
 */
export class SharedPostgres {
  readonly address: string;
  readonly schema: string;
  readonly clock = new StoreClock();
  readonly listener: PostgresListener;
  readonly clientNames = new ClientNames((text, values) => this.query(text, values));
  private readonly config: PgPoolConfig;
  /** For what needs a session: listening, and making tables. */
  /** The name of the database, once connected: the driver finds it in many places. */
  database = '';
  private readonly direct: PgPoolConfig;
  /** Whether the pool's connections are sessions of ours, so that something can be set for them. */
  private ownSessions = true;
  private driver: PostgresDriver | undefined;
  private shared: PostgresPool | undefined;
  /** Those of the pool, which itself cannot end one whose peer does not answer. */
  private readonly clients = new Set<PostgresClient>();
  /** Statements with the schema before each name. */
  private readonly texts = new Map<string, string>();
  private measuring = false;
  private closed = false;

  constructor(
    target: PostgresTarget,
    private readonly settings: PostgresConnectionSettings,
  ) {
    this.config = poolConfigOf(target);
    this.direct =
      settings.directConnection === undefined
        ? this.config
        : poolConfigOf(settings.directConnection);
    this.address = postgresAddress(target);
    this.schema = settings.schema;
    this.listener = new PostgresListener({
      open: (timeoutMs) => this.openSession(timeoutMs),
      probe: (client) => this.measureClock((query) => client.query(query)),
    });
  }

  /** The shared pool. @throws StoreUnreachableError before `connect()` and after `close()` */
  get pool(): PostgresPool {
    if (this.shared && !this.closed) return this.shared;
    throw this.unreachable(
      this.closed ? 'the engine is closed' : 'the engine is not connected yet',
    );
  }

  /**
   * Connects, retrying until `connectTimeout` is over unless retrying is of no use; finds out
   * whether sessions are ours; creates or upgrades the tables.
   * @throws MissingDriverError, StoreUnreachableError, JobsConfigurationError
   */
  async connect(): Promise<void> {
    if (this.shared) return;
    const driver = await this.loadDriver();
    await assertPg(driver);
    if (this.direct !== this.config) {
      await this.withFirst(this.config, async (client, isOurs) => {
        this.ownSessions = isOurs;
        if (!isOurs) await assertPresets(client, this.address);
      });
    }
    await this.withFirst(this.direct, async (client, isOurs) => {
      if (!isOurs) throw this.pooled();
      this.database = client.database;
      await settleSession(client);
      const newer = await newerSchema(client, this.schema);
      if (newer !== undefined) throw new NewerStoreError('postgres', this.address, newer);
      const prepare = this.settings.migrate ? migrateSchema : assertMigrated;
      await prepare(client, this.schema);
      await this.measureClock((query) => client.query(query));
    });
    this.shared = this.openPool(driver);
  }

  /**
   * Runs a statement of BullMQ's or ours, which names no schema. One that the server undid because
   * of a deadlock with others is sent again.
   * @throws ConnectionClosedError of BullMQ's when the server could not be reached
   */
  async query<Row = Record<string, unknown>>(
    text: string,
    values: readonly unknown[] = [],
    slow = false,
  ): Promise<PgQueryResult<Row>> {
    if (this.clock.isStale) this.remeasureClock();
    const query = {
      text: this.withSchema(text),
      values,
      query_timeout: slow ? SLOW_QUERY_TIMEOUT_MS : QUERY_TIMEOUT_MS,
    };
    for (let retries = 0; ; retries += 1) {
      try {
        return await this.pool.query<Row>(query);
      } catch (error) {
        if (!isConflict(error) || retries === CONFLICT_RETRIES) throw asConnectionClosed(error);
        await pause(10 + Math.random() * 40 * (retries + 1));
      }
    }
  }

  /** One connection of the pool, for somebody who needs several statements on the same. */
  checkOut(): Promise<PgPoolClient> {
    return this.pool.connect();
  }

  newerThanKnown(): Promise<string | undefined> {
    // Not as other statements, since these name the schema.
    const client: PgQueryable = {
      query: (text, values = []) => this.pool.query({ text, values }),
    };
    return newerSchema(client, this.schema);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    const { shared } = this;
    this.closed = true;
    this.clientNames.close();
    await this.listener.close();
    if (!shared) return;
    await endsWithin(CLOSE_TIMEOUT_MS, shared.end());
    for (const client of this.clients) client.connection?.stream?.destroy();
  }

  unreachable(reason: string, cause?: unknown): StoreUnreachableError {
    return new StoreUnreachableError('postgres', this.address, reason, { cause });
  }

  private async loadDriver(): Promise<PostgresDriver> {
    const module = await importDriver('postgres', 'pg', () => import('pg'));
    return (this.driver ??= module.default as unknown as PostgresDriver);
  }

  private openPool({ Pool, Client }: PostgresDriver): PostgresPool {
    const { onConnect, Client: given = Client } = this.config as {
      onConnect?: (client: PostgresClient) => Promise<void> | void;
      Client?: PostgresDriver['Client'];
    };
    const pool = new Pool({
      max: DEFAULT_POOL_SIZE,
      ...this.config,
      ...this.clientOptions(QUERY_TIMEOUT_MS),
      allowExitOnIdle: true,
      Client: connectingAtStart(given),
      onConnect: async (client: PostgresClient) => {
        await onConnect?.(client);
        if (this.ownSessions) await settleSession(client);
      },
    });
    // A connection that breaks while it is idle is replaced; nobody has to hear of it.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => this.clients.add(client));
    pool.on('remove', (client) => this.clients.delete(client));
    return pool;
  }

  private async openSession(queryTimeoutMs: number): Promise<PostgresClient> {
    const client = await this.openClient(this.direct, queryTimeoutMs);
    try {
      await settleSession(client);
      return client;
    } catch (error) {
      await endClient(client);
      throw error;
    }
  }

  private async openClient(
    config: PgPoolConfig,
    queryTimeoutMs: number,
    connectTimeoutMs = this.settings.connectTimeoutMs,
  ): Promise<PostgresClient> {
    const { Client } = await this.loadDriver();
    const options = this.clientOptions(queryTimeoutMs, connectTimeoutMs);
    const client = new Client({ ...config, ...options });
    // Without a listener the loss of the connection would crash the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      // One that never got as far as its socket would throw when its time is over, to nobody.
      client.connection?.stream?.destroy();
      throw withoutSecrets(error);
    }
  }

  private clientOptions(
    queryTimeoutMs: number,
    connectTimeoutMs = this.settings.connectTimeoutMs,
  ): object {
    return {
      connectionTimeoutMillis: forDriver(connectTimeoutMs),
      query_timeout: queryTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      fallback_application_name: 'nestjs-jobs',
      types: TYPES,
      pipeline: false,
      statement_timeout: undefined,
      lock_timeout: undefined,
      idle_in_transaction_session_timeout: undefined,
    };
  }

  private withSchema(text: string): string {
    let named = this.texts.get(text);
    if (named === undefined) {
      named = withSchema(text, this.schema);
      // Ours and BullMQ's are some 120; who borrows the pool may make up any number.
      if (this.texts.size < MOST_TEXTS) this.texts.set(text, named);
    }
    return named;
  }

  /** @param use is told whether the connection's session is ours */
  private async withFirst(
    config: PgPoolConfig,
    use: (client: PostgresClient, isOurs: boolean) => Promise<void>,
  ): Promise<void> {
    const client = await this.openFirst(config);
    try {
      await use(
        client,
        await hasOwnSession(client, () => this.openClient(config, MIGRATION_TIMEOUT_MS)),
      );
    } finally {
      await endClient(client);
    }
  }

  private async openFirst(config: PgPoolConfig): Promise<PostgresClient> {
    const deadline = monotonicNow() + this.settings.connectTimeoutMs;
    for (;;) {
      const timeLeft = Math.max(1, Math.ceil(deadline - monotonicNow()));
      try {
        return await this.openClient(config, MIGRATION_TIMEOUT_MS, timeLeft);
      } catch (error) {
        const failure = error as Error & { code?: string };
        const isLast = monotonicNow() + RETRY_PAUSE_MS >= deadline;
        if (isLast || isFatalConnectError(failure)) {
          throw this.unreachable(failure.message || (failure.code ?? failure.name), error);
        }
        await pause(RETRY_PAUSE_MS);
      }
    }
  }

  private pooled(): JobsConfigurationError {
    const { directConnection } = this.settings;
    const got = 'got a transaction pooler, which changes the session between two transactions';
    if (directConnection !== undefined) {
      const address = postgresAddress(directConnection);
      return new JobsConfigurationError([
        `directConnection: expected the PostgreSQL server itself, or a pooler in session mode, at ${address}, ${got}`,
      ]);
    }
    return new JobsConfigurationError([
      `connection: expected the PostgreSQL server itself, or a pooler in session mode, at ${this.address}, ${got}. ` +
        'Give the address of the server as well, as `directConnection`: it is used to listen and to make the tables, ' +
        'and all else goes through the pooler',
    ]);
  }

  /** In the background: the estimate is good for long, so nothing waits for a better one. */
  private remeasureClock(): void {
    if (this.measuring || this.closed) return;
    this.measuring = true;
    void this.measureClock((query) => this.pool.query(query))
      .catch(() => undefined)
      .finally(() => (this.measuring = false));
  }

  private async measureClock(
    ask: (query: { text: string }) => Promise<PgQueryResult<{ now?: unknown }>>,
  ): Promise<void> {
    const sentAt = monotonicNow();
    const { rows } = await ask({ text: SQL.now });
    this.clock.record(Number(rows[0]?.now), sentAt, monotonicNow());
  }
}

/**
 * Creates or upgrades the tables of the PostgreSQL engine, for a deploy step before an application
 * with `migrate: false` starts. Safe to run at any time and by several processes at once.
 * @param connection what is given to `JobsModule.forRoot({ connection })`; behind a transaction
 *   pooler, its `directConnection`
 * @param options `schema`: the schema that holds the tables. Default `'jobs'`.
 * @throws StoreUnreachableError when the server does not answer within 10 s, or refuses it,
 *   JobsConfigurationError when `connection` is none
 * @publicApi
 */
export async function migratePostgres(
  connection: PostgresTarget,
  { schema = 'jobs' }: { schema?: string } = {},
): Promise<void> {
  assertPostgresTarget(connection, 'connection');
  const settings = { schema, migrate: true, connectTimeoutMs: 10_000 };
  const shared = new SharedPostgres(connection, settings);
  try {
    await shared.connect();
  } catch (error) {
    const { address } = shared;
    const asks = { refusalOf: postgresRefusal, isConnectionError: isPostgresConnectionError };
    throw bootFailure({ name: 'postgres', address, ...asks }, error);
  } finally {
    await shared.close();
  }
}
