import type { BackendFactory, QueueBaseOptions } from 'bullmq';
import type { Engine, EngineCapabilities, ExpiringRows, Refusal } from '../../contracts/index.js';
import type { ResolvedOptions } from '../../options/index.js';
import { withDeadline } from '../../lifecycle/index.js';
import { registerConnection } from '../default-backend-factory.js';
import { EngineConnection } from '../engine-connection.js';
import { monotonicNow } from '../../timers/index.js';
import { postgresBackendFactory } from './postgres-backend-connection.js';
import { SharedPostgres } from './postgres-connection.js';
import { assertBullmqOnPostgres } from './bullmq-on-postgres.seams.js';
import { PostgresCoordinationStore } from './postgres-coordination-store.js';
import { isPostgresConnectionError, postgresRefusal } from './postgres-errors.js';
import { postgresExpiringRows } from './postgres-expiring-rows.js';
import { PostgresStartStore } from './postgres-start-store.js';
import { PostgresTurnStore } from './postgres-turn-store.js';
import { assertPostgresTarget, type PostgresTarget } from './postgres-settings.js';
import { transactionBackendFactory } from './postgres-transaction.js';

/**
 * Jobs on PostgreSQL.
 * @internal
 */
export class PostgresEngine implements Engine {
  readonly name = 'postgres';
  readonly capabilities: EngineCapabilities = {
    transactionalEnqueue: true,
    sharedAcrossMachines: true,
    outlivesProcess: true,
  };
  readonly bullmqOptions: QueueBaseOptions;
  readonly backendFactory: BackendFactory;
  readonly store: PostgresCoordinationStore;
  readonly turns: PostgresTurnStore;
  readonly starts: PostgresStartStore;
  readonly expiring: readonly ExpiringRows[];
  isClosed = false;
  private readonly postgres: SharedPostgres;

  constructor(
    options: ResolvedOptions,
    target: PostgresTarget,
    directConnection: PostgresTarget | undefined,
  ) {
    assertPostgresTarget(target, 'connection');
    if (directConnection !== undefined) assertPostgresTarget(directConnection, 'directConnection');
    this.postgres = new SharedPostgres(target, { ...options, directConnection });
    this.store = new PostgresCoordinationStore(this.postgres);
    this.turns = new PostgresTurnStore(this.postgres);
    this.starts = new PostgresStartStore(this.postgres);
    this.expiring = postgresExpiringRows(this.postgres);
    this.backendFactory = postgresBackendFactory(this.postgres);
    const connection = new EngineConnection(this.name, this.address);
    this.bullmqOptions = { connection: connection };
    registerConnection(connection, this.backendFactory);
  }

  get address(): string {
    return this.postgres.address;
  }

  get clockOffset(): number {
    return this.postgres.clock.offset;
  }

  get place(): string {
    const { address, database, schema } = this.postgres;
    return `PostgreSQL at ${address}, database "${database}", schema "${schema}"`;
  }

  async connect(): Promise<void> {
    await assertBullmqOnPostgres();
    await this.postgres.connect();
  }

  newerThanKnown(): Promise<string | undefined> {
    return this.postgres.newerThanKnown();
  }

  async ping(timeoutMs: number): Promise<number> {
    const start = monotonicNow();
    await withDeadline(this.postgres.query('SELECT 1'), timeoutMs, () =>
      this.postgres.unreachable(`no answer within ${timeoutMs} ms`),
    );
    return monotonicNow() - start;
  }

  isConnectionError(error: unknown): boolean {
    return isPostgresConnectionError(error);
  }

  refusalOf(error: unknown): Refusal | undefined {
    return postgresRefusal(error);
  }

  transactionBackend(client: unknown): BackendFactory {
    return transactionBackendFactory(client, this.postgres.schema, this.postgres.clock);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.store.close();
    await this.postgres.close();
  }
}
