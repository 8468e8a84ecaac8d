import {
  PostgresConnection,
  type BackendFactory,
  type PgPool,
  type PgPoolClient,
  type PgQueryResult,
} from 'bullmq';
import { SafePostgresBackend } from './postgres-backend.js';
import type { SharedPostgres } from './postgres-connection.js';

/**
 * What BullMQ takes for a pool of its own. All its statements go through {@link SharedPostgres}
 * instead; this serves those who look for the pool to ask the server something, as bull-board does.
 */
class PoolView implements PgPool {
  constructor(private readonly postgres: SharedPostgres) {}

  query<Row>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<Row>> {
    return this.postgres.query<Row>(text, params);
  }

  connect(): Promise<PgPoolClient> {
    return this.postgres.checkOut();
  }

  /** The pool belongs to the engine, which outlives its queues. */
  async end(): Promise<void> {}

  on(): this {
    return this;
  }

  removeAllListeners(): this {
    return this;
  }
}

/**
 * One backend's share of the engine's connections. BullMQ's own class gives each backend a pool and
 * a LISTEN connection; this one borrows both, and closing it closes neither.
 * @internal
 */
export class BackendPostgresConnection extends PostgresConnection {
  override readonly schema: string;
  private ended: Promise<void> | undefined;
  private readonly wake = (): boolean => this.emit('listenerinvalidated');

  constructor(private readonly postgres: SharedPostgres) {
    super(new PoolView(postgres));
    this.schema = postgres.schema;
    postgres.listener.on('reconnected', this.wake);
  }

  /** The tables are checked once, when the engine connects. */
  override async waitUntilReady(): Promise<void> {}

  override async getListenClient(): ReturnType<PostgresConnection['getListenClient']> {
    return this.postgres.listener;
  }

  /**
   * BullMQ then polls every 10 s at least, so that a notification that was lost delays, no more.
   */
  override get hasListenClientKeepAlive(): boolean {
    return false;
  }

  override async setListenClientName(name: string): Promise<void> {
    await this.postgres.clientNames.add(this, name);
  }

  override get isClosing(): Promise<void> | undefined {
    return this.ended;
  }

  override close(): Promise<void> {
    this.ended ??= this.detach();
    return this.ended;
  }

  override disconnect(): Promise<void> {
    return this.close();
  }

  private async detach(): Promise<void> {
    this.postgres.listener.off('reconnected', this.wake);
    void this.postgres.clientNames.remove(this);
    this.emit('close');
  }
}

/**
 * Builds backends as BullMQ does, except that all of them share one pool and one LISTEN connection.
 * @internal
 */
export function postgresBackendFactory(postgres: SharedPostgres): BackendFactory {
  return (name, opts, { blocking = false, withBlockingConnection = false } = {}) => {
    // Fails here, not at the first statement, when the engine is not connected.
    void postgres.pool;
    const connection = new BackendPostgresConnection(postgres);
    const clientName = withBlockingConnection
      ? workerName(name, opts)
      : blocking
        ? `${name}:qe`
        : undefined;
    return new SafePostgresBackend(postgres, connection, name, opts as never, true, clientName);
  };
}

/** The name by which `Queue.getWorkers()` finds a worker; the options are a worker's then. */
function workerName(queue: string, options: object): string {
  const { name } = options as { name?: string };
  return name ? `${queue}:w:${name}` : queue;
}
