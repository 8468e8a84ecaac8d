import { Injectable } from '@nestjs/common';
import { Job, JobContext } from 'nestjs-jobs';
import { PaymentProvider, type Refund } from './payment.provider.js';

/** Gives money back. */
@Injectable()
export class RefundService {
  constructor(
    private readonly provider: PaymentProvider,
    private readonly job: JobContext,
  ) {}

  /**
   * The provider allows three requests a second, of all processes together; a job that comes too
   * early is put off, and burns no attempt. Idempotent: each attempt has the job's id as its key at
   * the provider.
   */
  @Job({ queue: 'payments', attempts: 10, timeout: '30s', rateLimit: { max: 3, per: '1s' } })
  async refund(orderId: string, amount: number): Promise<Refund> {
    return this.provider.refund(this.job.id, orderId, amount);
  }
}
