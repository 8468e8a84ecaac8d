import { Injectable, Logger } from '@nestjs/common';
import {
  type BatchSummary,
  Cron,
  Job,
  JobContext,
  Jobs,
  JobScheduler,
  Recurring,
} from 'nestjs-jobs';
import { SupplierClient, SupplierError } from '../supplier/supplier.client.js';
import { ProductsRepository } from './products.repository.js';
import { type PulledPage, SyncReportsRepository } from './sync-reports.repository.js';

/** Keeps the shop's products like the supplier's: a batch with a job for each page. */
@Injectable()
@Jobs({
  queue: 'sync',
  backoff: { type: 'exponential', delay: '300ms', maxDelay: '10s', jitter: 0.2 },
  retryIf: (error) => !(error instanceof SupplierError) || error.temporary,
  timeout: '30s',
})
export class ProductSync {
  private readonly logger = new Logger(ProductSync.name);

  constructor(
    private readonly supplier: SupplierClient,
    private readonly products: ProductsRepository,
    private readonly reports: SyncReportsRepository,
    private readonly jobs: JobScheduler,
    private readonly job: JobContext,
  ) {}

  /** Each hour, and when it is asked for. An attempt that is repeated makes no second batch. */
  @Recurring(Cron.hourly(), { id: 'hourly-sync', misfireThreshold: '10 min' })
  @Job()
  async pullAll(): Promise<{ batch: string }> {
    const { pages } = await this.supplier.page(1, this.job.signal);
    const batch = await this.job.once('batch', () => this.startBatch(pages));
    return { batch };
  }

  private async startBatch(pages: number): Promise<string> {
    const numbers = Array.from({ length: pages }, (_, index) => index + 1);
    const batch = await this.jobs.batch(
      (b) => {
        b.enqueueMany(ProductSync, numbers, (sync, page) => sync.pullPage(page));
      },
      { name: 'product sync', onFinished: [ProductSync, (sync, ended) => sync.report(ended)] },
    );
    return batch.id;
  }

  /**
   * The supplier wants one request at a time, whatever number of syncs and processes there is: all
   * pages have one concurrency key. A page that was refused is tried again, and no other waits for
   * it. Idempotent: products are written by article number.
   */
  @Job({ concurrency: { key: 'supplier', limit: 1 } })
  async pullPage(page: number): Promise<PulledPage> {
    const from = Date.now();
    const { products } = await this.supplier.page(page, this.job.signal);
    await this.products.upsert(products);
    return { page, attempt: this.job.attempt, from, to: Date.now() };
  }

  /** When the last page has been pulled, or given up. Idempotent: there is one report a batch. */
  @Job()
  async report({ id, state, completed, total }: BatchSummary): Promise<void> {
    const pulled: PulledPage[] = [];
    const errors: string[] = [];
    const batch = await this.jobs.batches.get(id);
    for await (const page of batch!.results()) {
      if (page.state === 'completed') pulled.push(page.result as PulledPage);
      else errors.push(page.error);
    }
    await this.reports.save({ id, state, pulled, errors });
    this.logger.log(`pulled ${completed} of ${total} pages of products`);
  }
}
