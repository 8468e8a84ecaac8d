import { Injectable, Logger } from '@nestjs/common';
import { Cron, JobContext, Recurring } from 'nestjs-jobs';
import { CartsRepository } from './carts.repository.js';

const ABANDONED_AFTER_MS = 30 * 24 * 3_600_000;

/** So many carts are removed at once. */
const BATCH = 500;

/** Forgets carts that nobody came back to. */
@Injectable()
export class CartCleanup {
  private readonly logger = new Logger(CartCleanup.name);

  constructor(
    private readonly carts: CartsRepository,
    private readonly job: JobContext,
  ) {}

  /**
   * Every night. Should all processes be down at that time, it runs once when the first is back:
   * what was missed for a week is done by one run. Idempotent: what is removed is not there for a
   * second run.
   */
  @Recurring(Cron.daily(2, 30), {
    id: 'nightly-cart-cleanup',
    timeZone: 'Europe/Berlin',
    queue: 'carts',
    attempts: 5,
    timeout: '1 min',
  })
  async removeAbandoned(): Promise<{ removed: number }> {
    const before = new Date(Date.now() - ABANDONED_AFTER_MS);
    for (let removed = 0; ;) {
      this.job.signal.throwIfAborted();
      const count = this.carts.removeUntouchedSince(before, BATCH);
      removed += count;
      await this.job.progress({ removed });
      if (count < BATCH) {
        this.logger.log(
          `removed ${removed} carts that were last touched before ${before.toISOString()}`,
        );
        return { removed };
      }
    }
  }
}
