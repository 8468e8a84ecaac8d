import { JobsError } from 'nestjs-jobs';
import { createShop } from './app.factory.js';
import { ShopSettings } from './settings/shop-settings.js';
import { startSupplierServer } from './supplier/supplier.server.js';

/**
 * Runs the shop. Environment: JOBS_URL (where jobs are stored; absent: ./data/jobs.sqlite), PORT
 * (3000), HOST (127.0.0.1), SMTP_URL (absent: mail is written to files), LOG_LEVEL (info).
 */
async function main(env: NodeJS.ProcessEnv): Promise<void> {
  console.log(`Starting the shop, with its jobs in ${placeOf(env.JOBS_URL)} …`);
  const supplier = await startSupplierServer(0);
  const settings = new ShopSettings({
    jobsUrl: env.JOBS_URL,
    supplierUrl: supplier.url,
    smtpUrl: env.SMTP_URL,
    logLevel: env.LOG_LEVEL,
  });
  const app = await createShop(settings);
  await app.listen(Number(env.PORT ?? 3000), env.HOST ?? '127.0.0.1');
  console.log(welcome(await app.getUrl(), supplier.url, settings));
}

function welcome(url: string, supplierUrl: string, { dataFolder, smtpUrl }: ShopSettings): string {
  return `
The shop is at ${url}, the supplier that it pulls products from at ${supplierUrl}.
Mail goes to ${smtpUrl ? 'SMTP_URL' : `${dataFolder}/mail`}; everything else is in ${dataFolder}. Try:

  curl ${url}/users -H 'content-type: application/json' -d '{"email":"ada@example.com","name":"Ada"}'
  curl ${url}/orders -H 'content-type: application/json' \\
    -d '{"userId":"<id of the user>","items":[{"name":"Tea","quantity":2,"unitPrice":450}]}'
  curl ${url}/images -F file=@photo.jpg
  curl ${url}/orders/<id>             # once the invoice is mailed, with that job, too
  curl ${url}/orders/<id>/refunds -H 'content-type: application/json' \\
    -H 'idempotency-key: 1' -d '{"amount":450}'                # again: the same job
  curl -X POST ${url}/sync            # its job returns a batch: curl ${url}/sync/<batch>
  curl ${url}/carts -H 'content-type: application/json' -d '{"total":4990,"touchedAt":"2020-01-01T00:00:00Z"}'
  curl ${url}/jobs/<queue>/<id>      # each answer above has these URLs
  curl ${url}/health

Recurring jobs: a clean-up of carts each night, a sync each hour, figures of the carts each second,
a sales report each working day. With -H 'x-tenant: books', work is done for that tenant, in jobs too.

  curl ${url}/recurring              # all of them, with their next ticks and last runs
  curl -X POST ${url}/recurring/nightly-cart-cleanup/trigger   # then GET /carts: old ones are gone
  curl ${url}/carts/figures          # one a second; "missed" is 0 for those in time
  curl -X POST ${url}/recurring/cart-watch/pause               # wait some seconds …
  curl -X POST ${url}/recurring/cart-watch/resume              # … one late figure, for all that were missed

  Stop the shop, wait some seconds, start it: the first figure is late, too.

  DEMO_URL=${url} npm run demo       # all of it, checked
`;
}

/** Without credentials, which only the URL of a server has. */
function placeOf(jobsUrl: string | undefined): string {
  if (!jobsUrl) return './data/jobs.sqlite (set JOBS_URL for a server)';
  const { protocol, host } = URL.canParse(jobsUrl) ? new URL(jobsUrl) : {};
  return host ? `${protocol}//${host}` : 'JOBS_URL';
}

/** The event loop may hold sockets of half a start, so this does not wait for it to run empty. */
function giveUp(message: string): never {
  console.error(message);
  process.exit(1);
}

main(process.env).catch((error: NodeJS.ErrnoException) => {
  if (error.code === 'EADDRINUSE') giveUp(`${error.message}. Choose another: PORT=3100 npm start`);
  // Errors of the jobs module say what to do; a stack would only hide it.
  giveUp(error instanceof JobsError ? error.message : (error.stack ?? String(error)));
});
