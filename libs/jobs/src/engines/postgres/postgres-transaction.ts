import {
  PostgresConnection,
  PostgresQueueBackend,
  type BackendFactory,
  type IQueueBackend,
  type PgQueryable,
  type PgQueryResult,
} from 'bullmq';
import {
  JobsConfigurationError,
  NoOpenTransactionError,
  UnsupportedByEngineError,
} from '../../errors/index.js';
import { describeObject } from '../describe-object.js';
import type { StoreClock } from '../store-clock.js';
import { statementOf } from './postgres-commands.js';
import { withSchema } from './postgres-names.js';
import { TYPES } from './postgres-types.js';

/**
 * The commands that make sense before the commit: adding, reading one job back, and asking who has
 * a unique key.
 */
const COMMANDS = new Set([
  'add_job',
  'add_jobs_bulk',
  'add_flow',
  'get_job_data',
  'get_deduplication_job_id',
]);

const SAVEPOINT = 'nestjs_jobs';
const NO_TRANSACTION = '25P01';

/** A `pg` client; wrappers around one may lack the status. */
interface TransactionalClient extends PgQueryable {
  /** What the server said last: `T` inside a transaction, `E` inside a failed one, `I` outside. */
  getTransactionStatus?(): string | null;
  /**
   * Clients of pg take a statement as an object, with parsers of its own; wrappers around one may
   * not.
   */
  getTypeParser?(oid: number): unknown;
}

/** One statement of one transaction after the other: a connection runs one at a time. */
class TransactionClient {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly client: TransactionalClient) {}

  /** @throws NoOpenTransactionError when it would be stored at once, whatever comes after */
  query(text: string, params: readonly unknown[]): Promise<PgQueryResult<Record<string, unknown>>> {
    const result = this.last.then(async () => {
      if (this.client.getTransactionStatus?.() !== 'T') await this.assertOpen();
      const answer = await this.send(text, [...params]);
      // What it says is read by the caller; a layer above pg that gives rows alone would be taken
      // for no answer.
      if (!Array.isArray((answer as Partial<typeof answer> | undefined)?.rows))
        throw wrongClient(
          `${describeObject(this.client)}, whose query() answers without rows: give the client below it (TypeORM: ` +
            '`await queryRunner.connect()`)',
        );
      return answer;
    });
    this.last = result.catch(() => undefined);
    return result;
  }

  /** The client's parsers are the application's. */
  private send(text: string, values: unknown[]): Promise<PgQueryResult<Record<string, unknown>>> {
    if (this.client.getTypeParser === undefined) return this.client.query(text, values);
    return this.client.query({ text, values, types: TYPES } as never);
  }

  /** Asks the server: the status is behind when `BEGIN` was sent and not awaited. */
  private async assertOpen(): Promise<void> {
    try {
      await this.client.query(`SAVEPOINT ${SAVEPOINT}`);
    } catch (error) {
      if ((error as { code?: unknown }).code !== NO_TRANSACTION) throw error;
      throw new NoOpenTransactionError({ cause: error });
    }
    await this.client.query(`RELEASE SAVEPOINT ${SAVEPOINT}`);
  }
}

/** Nothing to open, check or close: the connection is the application's. */
class TransactionConnection extends PostgresConnection {
  override readonly schema: string;

  constructor(schema: string) {
    super({ connect: unused, query: unused, end: unused, on: unused });
    this.schema = schema;
  }

  override async waitUntilReady(): Promise<void> {}

  override async close(): Promise<void> {}
}

function unused(): void {}

/**
 * Adds jobs through a transaction of the application: they are stored, and workers hear of them,
 * when it commits; when it rolls back they never were. Anything but adding, and reading a job that
 * may have been added, is refused.
 */
class TransactionBackend extends PostgresQueueBackend {
  constructor(
    private readonly client: TransactionClient,
    private readonly clock: StoreClock,
    connection: PostgresConnection,
    queueName: string,
    opts: ConstructorParameters<typeof PostgresQueueBackend>[2],
  ) {
    super(connection, queueName, opts, false);
    // The seam that SafePostgresBackend uses.
    this['run'] = (command: string, params?: readonly unknown[]) => this.send(command, params);
  }

  override forQueue(queueName: string): IQueueBackend {
    const { client, clock, connection, opts } = this;
    return new TransactionBackend(client, clock, connection, queueName, opts);
  }

  private async send(
    command: string,
    params: readonly unknown[] = [],
  ): Promise<PgQueryResult<Record<string, unknown>>> {
    if (!COMMANDS.has(command)) {
      throw new UnsupportedByEngineError(
        `"${command}" inside a transaction`,
        'postgres',
        'Only adding jobs takes part in it.',
      );
    }
    const { text, params: values } = statementOf(command, params, this.clock.offset);
    // The application's own search_path stays as it is.
    return this.client.query(withSchema(text, this.schema), values);
  }
}

/**
 * A factory of backends that write through one client. Construct classes with `skipMetasUpdate:
 * true`: a queue's settings are no part of the transaction.
 * @param client a connected `pg.Client`, or one checked out of a pool, with an open transaction
 * @internal
 */
export function transactionBackendFactory(
  client: unknown,
  schema: string,
  clock: StoreClock,
): BackendFactory {
  if (!isClient(client)) {
    throw wrongClient(describeClient(client));
  }
  const shared = new TransactionClient(client);
  return (name, opts) =>
    new TransactionBackend(shared, clock, new TransactionConnection(schema), name, opts as never);
}

function wrongClient(got: string): JobsConfigurationError {
  return new JobsConfigurationError([
    'withTransaction(): expected the client of "pg" that holds the open transaction, as `await pool.connect()` returns ' +
      `it (jobs are stored in PostgreSQL), got ${got}`,
  ]);
}

function describeClient(client: unknown): string {
  const isPool = typeof client === 'object' && client !== null && 'totalCount' in client;
  if (!isPool) return describeObject(client);
  return 'a pg.Pool, which would run each statement outside of it: begin the transaction on `await pool.connect()`';
}

function isClient(client: unknown): client is PgQueryable {
  if (typeof client !== 'object' || client === null) return false;
  return typeof (client as PgQueryable).query === 'function' && !('totalCount' in client);
}
