import { Controller, Get, HttpCode, NotFoundException, Param, Post } from '@nestjs/common';
import { type BatchProgress, JobScheduler } from 'nestjs-jobs';
import { type JobLink, linkTo } from '../jobs/job-link.js';
import { type Product, ProductsRepository } from './products.repository.js';
import { ProductSync } from './product-sync.service.js';
import { type SyncReport, SyncReportsRepository } from './sync-reports.repository.js';

/** How far a sync is, and once its report is written, how it ended. */
export interface SyncStatus {
  progress: BatchProgress;
  report?: SyncReport | undefined;
}

/** Products, and their sync with the supplier. */
@Controller()
export class ProductsController {
  constructor(
    private readonly products: ProductsRepository,
    private readonly reports: SyncReportsRepository,
    private readonly jobs: JobScheduler,
  ) {}

  @Get('products')
  list(): Promise<Product[]> {
    return this.products.all();
  }

  /**
   * Has all products pulled from the supplier; the job returns the id of the batch that does it.
   */
  @Post('sync')
  @HttpCode(202)
  async sync(): Promise<{ jobs: { sync: JobLink } }> {
    const job = await this.jobs.enqueue(ProductSync, (sync) => sync.pullAll());
    return { jobs: { sync: linkTo(job) } };
  }

  @Get('sync/:batch')
  async status(@Param('batch') id: string): Promise<SyncStatus> {
    const batch = await this.jobs.batches.get(id);
    if (!batch) throw new NotFoundException(`there is no sync with the batch "${id}"`);
    return { progress: await batch.progress(), report: await this.reports.find(id) };
  }
}
