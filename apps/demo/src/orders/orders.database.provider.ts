import { join } from 'node:path';
import type { FactoryProvider } from '@nestjs/common';
import { JobScheduler } from 'nestjs-jobs';
import { ShopSettings } from '../settings/shop-settings.js';
import { OrdersDatabase } from './orders.database.js';
import { PostgresDatabase } from './postgres.database.js';
import { SqliteDatabase } from './sqlite.database.js';

/**
 * Provides the {@link OrdersDatabase} beside the jobs, once their store is there: hence the
 * scheduler.
 */
export const ordersDatabaseProvider: FactoryProvider<OrdersDatabase> = {
  provide: OrdersDatabase,
  inject: [ShopSettings, JobScheduler],
  useFactory: async ({ jobsUrl, schema, dataFolder }: ShopSettings) => {
    if (/^postgres(?:ql)?:/.test(jobsUrl)) {
      const { Pool } = (await import('pg')).default;
      const options = `-c search_path=${schema}`;
      return new PostgresDatabase(new Pool({ connectionString: jobsUrl, max: 4, options }));
    }
    const hasFile = jobsUrl.startsWith('file:');
    const path = hasFile ? jobsUrl.slice('file:'.length) : join(dataFolder, 'orders.sqlite');
    return new SqliteDatabase(path, hasFile);
  },
};
