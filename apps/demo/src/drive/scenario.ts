import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import type { JobLink } from '../jobs/job-link.js';
import type { JobStatus } from '../jobs/job-status.js';
import type { Order } from '../orders/orders.repository.js';
import type { Refund } from '../payments/payment.provider.js';
import type { Product } from '../products/products.repository.js';
import type { SyncReport } from '../products/sync-reports.repository.js';
import type { User } from '../users/users.repository.js';
import type { Voucher } from '../users/vouchers.repository.js';
import type { ShopClient } from './shop.client.js';
import type { Timeline } from './timeline.js';
import { until } from './until.js';

/** In cents. */
export const REFUND = 1_250;

const JOB_TIMEOUT_MS = 15_000;

/** The uploaded photo: 4:3, so thumbnails of 160, 480 and 960 pixels are 120, 360 and 720 high. */
const PHOTO = { width: 1_600, height: 1_200 };

const ITEMS = [
  { name: 'Teapot', quantity: 1, unitPrice: 4_990 },
  { name: 'Darjeeling, 100 g', quantity: 3, unitPrice: 1_250 },
];

/** What the drive did, and how each job ended. */
export interface Seen {
  user: User;
  /** What a second sign-up with the same address was answered. */
  userAgain: User;
  imageId: string;
  order: Order;
  /** What the same order was answered when it came again. */
  orderAgain: Order;
  vouchers: Voucher[];
  refunds: Refund[];
  products: Product[];
  syncReport: SyncReport;
  jobs: Record<
    'welcome' | 'reminder' | 'thumbnails' | 'invoice' | 'invoice mail' | 'refund' | 'sync',
    JobStatus
  >;
}

/** Uses every part of the shop once, all at the same time, and waits until each job is finished. */
export async function playScenario(shop: ShopClient, timeline: Timeline): Promise<Seen> {
  const follow = (what: string, link: JobLink): Promise<JobStatus> =>
    timeline.follow(what, link, JOB_TIMEOUT_MS);

  const email = `zoe.${randomBytes(4).toString('hex')}@example.com`;
  const signUp = await shop.signUp(email, 'Zoë');
  timeline.note('POST /users', email);
  const again = await shop.signUp(email, 'Zoë');
  timeline.note('POST /users', 'the same again, as a client does that got no answer');
  const upload = await shop.upload(await drawPhoto());
  timeline.note('POST /images', `${PHOTO.width} × ${PHOTO.height}`);
  const placed = await shop.order(signUp.user.id, ITEMS);
  timeline.note('POST /orders', `total ${placed.order.total} cents`);
  const placedAgain = await shop.order(signUp.user.id, ITEMS, placed.order.id);
  timeline.note('POST /orders', 'the same again, by its id');
  const refund = await shop.refund(placed.order.id, REFUND, `refund of ${placed.order.id}`);
  await shop.refund(placed.order.id, REFUND, `refund of ${placed.order.id}`);
  timeline.note('POST /orders/…/refunds', 'twice, with one idempotency key');
  const started = await shop.sync();
  timeline.note('POST /sync', 'from an API that refuses each third request');

  const [welcome, reminder, thumbnails, refunded, sync, invoice, invoiceMail] = await Promise.all([
    follow('welcome mail', signUp.jobs.welcome),
    follow('reminder mail', signUp.jobs.reminder),
    follow('thumbnails', upload.jobs.thumbnails),
    follow('refund', refund.jobs.refund),
    follow('sync', started.jobs.sync),
    follow('invoice', placed.jobs.invoice),
    invoiceMailOf(shop, placed.order.id).then((link) => follow('invoice mail', link)),
  ]);
  return {
    user: signUp.user,
    userAgain: again.user,
    imageId: upload.image.id,
    order: placed.order,
    orderAgain: placedAgain.order,
    vouchers: await shop.vouchers(signUp.user.id),
    refunds: await shop.refunds(placed.order.id),
    syncReport: await syncReportOf(shop, sync),
    products: await shop.products(),
    jobs: {
      welcome,
      reminder,
      thumbnails,
      invoice,
      'invoice mail': invoiceMail,
      refund: refunded,
      sync,
    },
  };
}

/** The order knows the job that mailed its invoice. */
async function invoiceMailOf(shop: ShopClient, orderId: string): Promise<JobLink> {
  const { jobs } = await until(
    () => shop.placed(orderId),
    ({ jobs: { invoiceMail } }) => invoiceMail !== undefined,
  );
  return jobs.invoiceMail!;
}

/** The job that starts a sync returns the batch of its pages. */
async function syncReportOf(shop: ShopClient, sync: JobStatus): Promise<SyncReport> {
  const { batch } = sync.result as { batch: string };
  const { report } = await until(
    () => shop.syncStatus(batch),
    (status) => status.report !== undefined,
  );
  return report!;
}

function drawPhoto(): Promise<Buffer> {
  const { width, height } = PHOTO;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <defs><radialGradient id="sky"><stop stop-color="#fc6"/><stop offset="1" stop-color="#246"/></radialGradient></defs>
    <rect width="100%" height="100%" fill="url(#sky)"/><circle cx="800" cy="600" r="200" fill="#fff"/>
  </svg>`;
  return sharp(Buffer.from(svg)).jpeg().toBuffer();
}
