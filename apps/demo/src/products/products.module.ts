import { Module } from '@nestjs/common';
import { SupplierModule } from '../supplier/supplier.module.js';
import { ProductSync } from './product-sync.service.js';
import { ProductsController } from './products.controller.js';
import { ProductsRepository } from './products.repository.js';
import { SyncReportsRepository } from './sync-reports.repository.js';

/** Products, pulled from a third-party API. */
@Module({
  imports: [SupplierModule],
  controllers: [ProductsController],
  providers: [ProductSync, ProductsRepository, SyncReportsRepository],
})
export class ProductsModule {}
