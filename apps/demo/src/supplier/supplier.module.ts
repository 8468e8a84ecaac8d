import { Module } from '@nestjs/common';
import { SupplierClient } from './supplier.client.js';

/** The third-party API, as the shop sees it. */
@Module({ providers: [SupplierClient], exports: [SupplierClient] })
export class SupplierModule {}
