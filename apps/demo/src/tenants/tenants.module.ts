import { Global, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { TenantMiddleware } from './tenant.middleware.js';
import { Tenants } from './tenants.js';

/** Tells everywhere, in requests and in jobs, whose work is done. */
@Global()
@Module({ providers: [Tenants], exports: [Tenants] })
export class TenantsModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(TenantMiddleware).forRoutes('*path');
  }
}
