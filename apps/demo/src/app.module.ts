import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { JobsModule } from 'nestjs-jobs';
import { CartsModule } from './carts/carts.module.js';
import { HealthModule } from './health/health.module.js';
import { ImagesModule } from './images/images.module.js';
import { JobStatusModule } from './jobs/job-status.module.js';
import { StoreErrorFilter } from './jobs/store-error.filter.js';
import { LogModule } from './log/log.module.js';
import { OrdersModule } from './orders/orders.module.js';
import { ProductsModule } from './products/products.module.js';
import { PaymentsModule } from './payments/payments.module.js';
import { RecurringModule } from './recurring/recurring.module.js';
import { calendars } from './reports/calendars.js';
import { ReportsModule } from './reports/reports.module.js';
import { SettingsModule } from './settings/settings.module.js';
import { ShopSettings } from './settings/shop-settings.js';
import { Tenants } from './tenants/tenants.js';
import { TenantsModule } from './tenants/tenants.module.js';
import { UsersModule } from './users/users.module.js';

/** A small shop whose slow work is done by background jobs. */
@Module({})
export class AppModule {
  static forRoot(settings: ShopSettings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        SettingsModule.forRoot(settings),
        TenantsModule,
        LogModule,
        // #region for-root
        JobsModule.forRootAsync({
          inject: [ShopSettings, Tenants],
          useFactory: ({ jobsUrl, prefix, schema }: ShopSettings, tenants: Tenants) => ({
            connection: jobsUrl,
            // Each of the stores has its own word for the part that belongs to an application.
            ...(jobsUrl.startsWith('postgres') ? { schema } : { prefix }),
            // Images take much processor time and memory each.
            queues: { images: { concurrency: 2 } },
            // A job is done for the tenant for which it was enqueued.
            context: tenants,
            calendars,
          }),
        }),
        // #endregion for-root
        UsersModule,
        ImagesModule,
        OrdersModule,
        PaymentsModule,
        ProductsModule,
        CartsModule,
        ReportsModule,
        RecurringModule,
        JobStatusModule,
        HealthModule,
      ],
      providers: [{ provide: APP_FILTER, useClass: StoreErrorFilter }],
    };
  }
}
