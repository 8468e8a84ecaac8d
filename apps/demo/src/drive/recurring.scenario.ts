import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { CartFigure } from '../carts/cart-figures.repository.js';
import type { JobStatus } from '../jobs/job-status.js';
import type { SeenRecurring } from './seen-recurring.js';
import type { ShopClient } from './shop.client.js';
import type { Timeline } from './timeline.js';
import { until } from './until.js';

const CLEANUP = 'nightly-cart-cleanup';
const WATCH = 'cart-watch';

const DAY_MS = 86_400_000;
const POLL_MS = 100;
const TIMEOUT_MS = 10_000;

/** Long enough for ticks of each second to become misfires. */
const PAUSE_MS = 3_200;

/** What the drive saw of the recurring jobs. */
export interface RecurringSeen {
  all: readonly SeenRecurring[];
  /** The clean-up after it was triggered. */
  cleanup: SeenRecurring;
  cleanupJob: JobStatus;
  /** Ids of carts of the drive, before and after the clean-up. */
  oldCarts: readonly string[];
  freshCarts: readonly string[];
  cartsLeft: readonly string[];
  /** Figures before the pause, during it, and from its end on. */
  before: readonly CartFigure[];
  during: readonly CartFigure[];
  after: readonly CartFigure[];
}

/** Triggers the clean-up, then pauses a job that ticks each second across some of its ticks. */
export async function playRecurring(shop: ShopClient, timeline: Timeline): Promise<RecurringSeen> {
  const startedAt = Date.now();
  const all = await shop.recurring();
  for (const { id, description, next } of all) {
    timeline.note('recurring', `${id}: ${description}; next ${next[0] ?? 'never'}`);
  }
  const cleaned = await cleanUp(shop, timeline);
  const before = await figures(shop, startedAt, 2);
  timeline.note(WATCH, `ticks: ${before.length} figures`);

  await shop.pauseRecurring(WATCH);
  timeline.note(WATCH, 'paused');
  const [during, after] = await missTicks(shop, timeline);
  return { all, ...cleaned, before, during, after };
}

async function cleanUp(
  shop: ShopClient,
  timeline: Timeline,
): Promise<
  Pick<RecurringSeen, 'cleanup' | 'cleanupJob' | 'oldCarts' | 'freshCarts' | 'cartsLeft'>
> {
  const oldCarts = [40, 50, 60].map((age) => ({ id: randomUUID(), touchedAt: daysAgo(age) }));
  const freshCarts = [0, 20].map((age) => ({ id: randomUUID(), touchedAt: daysAgo(age) }));
  for (const cart of [...oldCarts, ...freshCarts]) await shop.saveCart({ ...cart, total: 4_990 });
  timeline.note('POST /carts', `${oldCarts.length} abandoned ones, ${freshCarts.length} others`);
  const { jobs } = await shop.triggerRecurring(CLEANUP);
  timeline.note(CLEANUP, 'triggered');
  const cleanupJob = await timeline.follow(CLEANUP, jobs.run, TIMEOUT_MS);
  const own = new Set<string>([...oldCarts, ...freshCarts].map(({ id }) => id));
  const cartsLeft = (await shop.carts()).map(({ id }) => id).filter((id) => own.has(id));
  timeline.note('GET /carts', `${own.size} before, ${cartsLeft.length} left`);
  return {
    // Its end is recorded after the job's.
    cleanup: await until(
      () => shop.oneRecurring(CLEANUP),
      ({ lastRun }) => lastRun !== undefined,
    ),
    cleanupJob,
    oldCarts: oldCarts.map(({ id }) => id),
    freshCarts: freshCarts.map(({ id }) => id),
    cartsLeft,
  };
}

async function missTicks(
  shop: ShopClient,
  timeline: Timeline,
): Promise<[during: readonly CartFigure[], after: readonly CartFigure[]]> {
  // A run that was enqueued just before goes on.
  await pause(POLL_MS * 2);
  const pausedAt = Date.now();
  await pause(PAUSE_MS);
  const during = await shop.figures(pausedAt);
  timeline.note(WATCH, `${during.length} figures in ${PAUSE_MS} ms`);
  await shop.resumeRecurring(WATCH);
  timeline.note(WATCH, 'resumed');
  const after = await figures(shop, pausedAt, 3);
  for (const { due, missed } of after) {
    const late = missed > 0 ? `late: one run for ${missed} ticks` : 'in time';
    timeline.note(WATCH, `tick of ${new Date(due).toISOString().slice(11, 23)}, ${late}`);
  }
  return [during, after];
}

/** Waits until there are so many figures for ticks after a moment. */
function figures(shop: ShopClient, moment: number, count: number): Promise<CartFigure[]> {
  return until(
    () => shop.figures(moment),
    ({ length }) => length >= count,
  );
}

function daysAgo(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString();
}
