import { Module } from '@nestjs/common';
import { OrdersModule } from '../orders/orders.module.js';
import { SalesReports } from './sales-report.service.js';

/** Reports on working days. */
@Module({ imports: [OrdersModule], providers: [SalesReports] })
export class ReportsModule {}
