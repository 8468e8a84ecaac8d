import { join } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { Job, JobContext, JobScheduler } from 'nestjs-jobs';
import { z } from 'zod';
import { enqueuedOnce, type JobLink, linkTo } from '../jobs/job-link.js';
import { Mailer, type SentMail } from '../mail/mailer.js';
import { ShopSettings } from '../settings/shop-settings.js';
import { writeFileAtomically } from '../storage/atomic-file.js';
import { UsersRepository } from '../users/users.repository.js';
import { drawInvoice } from './invoice.document.js';
import { formatCents } from './money.js';
import { OrdersRepository } from './orders.repository.js';

/** Makes invoices, and mails them. */
@Injectable()
export class InvoiceService {
  private readonly logger = new Logger(InvoiceService.name);

  constructor(
    private readonly orders: OrdersRepository,
    private readonly users: UsersRepository,
    private readonly mailer: Mailer,
    private readonly jobs: JobScheduler,
    private readonly job: JobContext,
    private readonly settings: ShopSettings,
  ) {}

  /**
   * Draws the invoice, then has it mailed by a second job: when the mail server is down, the mail is
   * retried and the PDF is not drawn again.
   *
   * Idempotent: the file is named after the order, and so is the mail's job, which is therefore
   * enqueued once even if this handler dies right after enqueueing it and runs again.
   */
  @Job({ queue: 'invoices', attempts: 5, timeout: '30s', schema: z.uuid() })
  async create(orderId: string): Promise<{ file: string; mail: JobLink }> {
    const order = await this.orders.get(orderId);
    const pdf = await drawInvoice(order, await this.users.get(order.userId));
    const file = fileOf(orderId);
    await writeFileAtomically(join(this.settings.dataFolder, file), pdf);
    await this.job.progress(50);
    const mail = { queue: 'mail', id: `invoice-${orderId}` };
    await enqueuedOnce(
      this.jobs.enqueue(InvoiceService, (invoices) => invoices.send(orderId), { id: mail.id }),
    );
    await this.job.progress(100);
    this.logger.log(`drew the invoice of order ${orderId}`);
    return { file, mail: linkTo(mail) };
  }

  /** Idempotent: the mail goes out under the job's id, see {@link Mailer.send}. */
  @Job({ queue: 'mail', attempts: 5, timeout: '30s', schema: z.uuid() })
  async send(orderId: string): Promise<SentMail> {
    const order = await this.orders.get(orderId);
    const user = await this.users.get(order.userId);
    const sent = await this.mailer.send(this.job.id, {
      to: user.email,
      subject: `Your invoice for order ${order.id}`,
      text: `Hello ${user.name},\n\nattached is your invoice of ${formatCents(order.total)}.\n`,
      attachments: [
        {
          filename: `invoice-${order.id}.pdf`,
          path: join(this.settings.dataFolder, fileOf(orderId)),
        },
      ],
    });
    this.logger.log(`mailed the invoice of order ${orderId}`);
    return sent;
  }
}

/** Path of an order's invoice, below the data folder. */
function fileOf(orderId: string): string {
  return join('invoices', `${orderId}.pdf`);
}
