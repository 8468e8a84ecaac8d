import { Module } from '@nestjs/common';
import { ShopSettings } from '../settings/shop-settings.js';
import { FileMailer } from './file.mailer.js';
import { Mailer } from './mailer.js';
import { SmtpMailer } from './smtp.mailer.js';

/** Provides a {@link Mailer}: to SMTP_URL when it is set, else into files. */
@Module({
  providers: [
    {
      provide: Mailer,
      inject: [ShopSettings],
      useFactory: ({ smtpUrl, dataFolder }: ShopSettings): Mailer =>
        smtpUrl ? new SmtpMailer(smtpUrl) : new FileMailer(dataFolder),
    },
  ],
  exports: [Mailer],
})
export class MailModule {}
