import { Module } from '@nestjs/common';
import { ProductSync } from './product-sync.service.js';
import { ProductsController } from './products.controller.js';
import { ProductsRepository } from './products.repository.js';
import { SupplierClient } from './supplier.client.js';
import { SyncPositionRepository } from './sync-position.repository.js';

/** Products, pulled from a third-party API. */
@Module({
  controllers: [ProductsController],
  providers: [ProductSync, ProductsRepository, SupplierClient, SyncPositionRepository],
})
export class ProductsModule {}
