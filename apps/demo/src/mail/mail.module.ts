import { Module } from '@nestjs/common';
import { ShopSettings } from '../settings/shop-settings.js';
import { Tenants } from '../tenants/tenants.js';
import { FileMailer } from './file.mailer.js';
import { Mailer } from './mailer.js';
import { SmtpMailer } from './smtp.mailer.js';

/** Provides a {@link Mailer}: to SMTP_URL when it is set, else into files. */
@Module({
  providers: [
    {
      provide: Mailer,
      inject: [ShopSettings, Tenants],
      useFactory: ({ smtpUrl, dataFolder }: ShopSettings, tenants: Tenants): Mailer =>
        smtpUrl ? new SmtpMailer(smtpUrl, tenants) : new FileMailer(dataFolder, tenants),
    },
  ],
  exports: [Mailer],
})
export class MailModule {}
