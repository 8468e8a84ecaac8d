import type { PgNotification, PgPoolClient, PgQueryResult } from 'bullmq';
import { endsWithin, GOODBYE_MS, StartContext } from '../../lifecycle/index.js';

/** A query with its own time limit; pg gives up waiting for the answer after it. */
export interface PostgresQuery {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly query_timeout?: number;
}

/** What is used of a `pg.Client`. */
export interface PostgresClient {
  readonly connection?: { readonly stream?: { destroy(): void } };
  /** Whether results come in the driver's binary form. */
  binary?: boolean;
  /** What the other end named its process when the connection started. */
  readonly processID?: number | null;
  /** What it connects to, wherever that was said. */
  readonly database: string;
  connect(): Promise<unknown>;
  end(): Promise<void>;
  /** Its socket does not keep the process any more. */
  unref(): void;
  query<Row = Record<string, unknown>>(
    text: string | PostgresQuery,
    values?: readonly unknown[],
  ): Promise<PgQueryResult<Row>>;
  on(event: 'notification', listener: (message: PgNotification) => void): this;
  on(event: 'error' | 'end', listener: (error?: Error) => void): this;
}

/** What is used of the pg package, which is loaded when it is needed. */
export interface PostgresDriver {
  readonly Pool: new (config: object) => PostgresPool;
  readonly Client: new (config: object) => PostgresClient;
}

/** What is used of a `pg.Pool`. */
export interface PostgresPool {
  query<Row = Record<string, unknown>>(query: PostgresQuery): Promise<PgQueryResult<Row>>;
  connect(): Promise<PgPoolClient>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): this;
  on(event: 'connect' | 'remove', listener: (client: PostgresClient) => void): this;
}

/**
 * The class of a pool's clients. A pool connects within the call that finds none free, but its
 * connections outlive that call, and so must not have its async context. Made when the application
 * starts.
 * @internal
 */
export function connectingAtStart(Client: PostgresDriver['Client']): PostgresDriver['Client'] {
  const start = new StartContext();
  return class extends Client {
    override connect(...args: []): Promise<unknown> {
      return start.run(() => super.connect(...args));
    }
  };
}

/** Ends a connection, politely if that is quick. @internal */
export async function endClient(client: PostgresClient): Promise<void> {
  await endsWithin(GOODBYE_MS, client.end());
  client.connection?.stream?.destroy();
}
