import type { PgNotification, PgPoolClient, PgQueryResult } from 'bullmq';
import { endsWithin } from '../deadline.js';

/** A query with its own time limit; pg gives up waiting for the answer after it. */
export interface PostgresQuery {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly query_timeout?: number;
}

/** What is used of a `pg.Client`. */
export interface PostgresClient {
  readonly connection?: { readonly stream?: { destroy(): void } };
  connect(): Promise<unknown>;
  end(): Promise<void>;
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

/** A peer that does not answer any more would also not answer a goodbye. */
const GOODBYE_MS = 1_000;

/** Ends a connection, politely if that is quick. @internal */
export async function endClient(client: PostgresClient): Promise<void> {
  await endsWithin(GOODBYE_MS, client.end());
  client.connection?.stream?.destroy();
}
