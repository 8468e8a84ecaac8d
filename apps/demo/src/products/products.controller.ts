import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { JobScheduler } from 'nestjs-jobs';
import { type JobLink, linkTo } from '../jobs/job-link.js';
import { type Product, ProductsRepository } from './products.repository.js';
import { ProductSync } from './product-sync.service.js';

/** Products, and their sync with the supplier. */
@Controller()
export class ProductsController {
  constructor(
    private readonly products: ProductsRepository,
    private readonly jobs: JobScheduler,
  ) {}

  @Get('products')
  list(): Promise<Product[]> {
    return this.products.all();
  }

  /** Has all products pulled from the supplier. Two syncs at once do no harm: upserts are idempotent. */
  @Post('sync')
  @HttpCode(202)
  async sync(): Promise<{ jobs: { sync: JobLink } }> {
    const job = await this.jobs.enqueue(ProductSync, (sync) => sync.pullAll());
    return { jobs: { sync: linkTo(job) } };
  }
}
