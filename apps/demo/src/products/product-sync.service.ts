import { Injectable, Logger } from '@nestjs/common';
import { Cron, Job, JobContext, Recurring } from 'nestjs-jobs';
import { ProductsRepository } from './products.repository.js';
import { SupplierClient, SupplierError } from './supplier.client.js';
import { SyncPositionRepository } from './sync-position.repository.js';

/** Keeps the shop's products like the supplier's. */
@Injectable()
export class ProductSync {
  private readonly logger = new Logger(ProductSync.name);

  constructor(
    private readonly supplier: SupplierClient,
    private readonly products: ProductsRepository,
    private readonly positions: SyncPositionRepository,
    private readonly job: JobContext,
  ) {}

  /**
   * Pulls all pages: each hour, and when it is asked for. A request that fails fails the attempt, and the next one goes on at the page
   * that failed: starting over, a long sync from a flaky API would never end.
   *
   * Idempotent: products are written by article number, and the position moves only after its page
   * was written. A crash between the two writes one page twice, which changes nothing.
   */
  @Recurring(Cron.hourly(), { id: 'hourly-sync', misfireThreshold: '10 min' })
  @Job({
    queue: 'sync',
    attempts: 10,
    backoff: { type: 'exponential', delay: '300ms', maxDelay: '10s', jitter: 0.2 },
    retryIf: (error) => !(error instanceof SupplierError) || error.temporary,
    timeout: '30s',
  })
  async pullAll(): Promise<{ pages: number }> {
    for (let page = await this.positions.nextPage(this.job.id); ; page += 1) {
      const { pages, products } = await this.supplier.page(page, this.job.signal);
      await this.products.upsert(products);
      await this.positions.moveTo(this.job.id, page + 1);
      await this.job.progress({ page, pages });
      await this.job.log(`attempt ${this.job.attempt}: page ${page} of ${pages}`);
      if (page >= pages) {
        this.logger.log(`pulled ${pages} pages of products`);
        return { pages };
      }
    }
  }
}
