import type { OnModuleDestroy } from '@nestjs/common';
import type pg from 'pg';
import { OrdersDatabase, type Query } from './orders.database.js';

/** A pool of connections to the server that the jobs are on, too. */
export class PostgresDatabase extends OrdersDatabase implements OnModuleDestroy {
  readonly holdsJobs = true;

  constructor(private readonly pool: pg.Pool) {
    super();
    // An idle connection that broke is replaced at the next use; without a listener it would end
    // the process.
    pool.on('error', () => undefined);
  }

  query: Query = queryOf(() => this.pool);

  async transaction<R>(work: (client: object, query: Query) => Promise<R>): Promise<R> {
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      const result = await work(
        client,
        queryOf(() => client),
      );
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  }

  /** Jobs are drained before this, so no handler finds it closed. */
  onModuleDestroy(): Promise<void> {
    return this.pool.end();
  }
}

function queryOf(connection: () => pg.Pool | pg.PoolClient): Query {
  return async <Row>(sql: string, ...values: (string | number)[]) =>
    (await connection().query(sql, values)).rows as Row[];
}
