import { join } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { Continuation, Job, JobContext } from 'nestjs-jobs';
import { z } from 'zod';
import { Mailer, type SentMail } from '../mail/mailer.js';
import { ShopSettings } from '../settings/shop-settings.js';
import { writeFileAtomically } from '../storage/atomic-file.js';
import { UsersRepository } from '../users/users.repository.js';
import { drawInvoice } from './invoice.document.js';
import { formatCents } from './money.js';
import { OrdersRepository } from './orders.repository.js';

/** An invoice that was drawn. */
export interface Invoice {
  orderId: string;
  /** Its PDF, below the data folder. */
  file: string;
}

/** Makes invoices, and mails them. */
@Injectable()
export class InvoiceService {
  private readonly logger = new Logger(InvoiceService.name);

  constructor(
    private readonly orders: OrdersRepository,
    private readonly users: UsersRepository,
    private readonly mailer: Mailer,
    private readonly job: JobContext,
    private readonly settings: ShopSettings,
  ) {}

  /** Idempotent: the file is named after the order, so a second run replaces it by an equal one. */
  @Job({ queue: 'invoices', attempts: 5, timeout: '30s', schema: z.uuid() })
  async create(orderId: string): Promise<Invoice> {
    const order = await this.orders.get(orderId);
    const pdf = await drawInvoice(order, await this.users.get(order.userId));
    const file = join('invoices', `${orderId}.pdf`);
    await writeFileAtomically(join(this.settings.dataFolder, file), pdf);
    this.logger.log(`drew the invoice of order ${orderId}`);
    return { orderId, file };
  }

  /**
   * Follows each invoice, as a job of its own: when the mail server is down, the mail is retried
   * and the PDF is not drawn again. Idempotent: the mail goes out under the job's id, see {@link
   * Mailer.send}.
   */
  @Continuation({ after: [InvoiceService, 'create'], queue: 'mail', attempts: 5, timeout: '30s' })
  async send({ orderId, file }: Invoice): Promise<SentMail> {
    const order = await this.orders.get(orderId);
    const user = await this.users.get(order.userId);
    const path = join(this.settings.dataFolder, file);
    const sent = await this.mailer.send(this.job.id, {
      to: user.email,
      subject: `Your invoice for order ${order.id}`,
      text: `Hello ${user.name},\n\nattached is your invoice of ${formatCents(order.total)}.\n`,
      attachments: [{ filename: `invoice-${order.id}.pdf`, path }],
    });
    await this.orders.noteInvoiceMail(orderId, this.job.id);
    this.logger.log(`mailed the invoice of order ${orderId}`);
    return sent;
  }
}
