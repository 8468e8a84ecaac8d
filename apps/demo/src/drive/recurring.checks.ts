import { calendars } from '../reports/calendars.js';
import { type CheckList, expectEqual, expectThat } from './check-list.js';
import type { RecurringSeen } from './recurring.scenario.js';

const MINUTE = /^\d{4}-\d\d-\d\dT\d\d:(\d\d):00\.000Z$/;

/** What recurring jobs have done, and have left undone. */
export async function checkRecurring(seen: RecurringSeen, list: CheckList): Promise<void> {
  await list.check('the recurring jobs are listed, with their next ticks', () => {
    const ids = seen.all.map(({ id }) => id);
    expectEqual('ids', ids, ['cart-watch', 'hourly-sync', 'nightly-cart-cleanup', 'sales-report']);
    const [, hourly, nightly] = seen.all;
    const minutes = [hourly, nightly].map((job) => MINUTE.exec(job?.next[0] ?? '')?.[1]);
    expectEqual('minutes of the next ticks', minutes, ['00', '30']);
  });
  await list.check('the sales report has no ticks on holidays and weekends', () => {
    const next = seen.all.find(({ id }) => id === 'sales-report')?.next ?? [];
    expectEqual('number of ticks', next.length, 5);
    const off = next.filter((tick) =>
      Object.values(calendars).some((calendar) => calendar.excludes(Date.parse(tick))),
    );
    expectEqual('ticks on days off', off, []);
  });
  await list.check('the clean-up removed abandoned carts from the table, and no others', () => {
    expectEqual('state', seen.cleanupJob.state, 'completed');
    expectEqual('carts left', seen.cartsLeft.toSorted(), seen.freshCarts.toSorted());
    const { removed } = seen.cleanupJob.result as { removed: number };
    expectThat(removed >= seen.oldCarts.length, `expected 3 or more removed, got ${removed}`);
  });
  await list.check('its run by hand is its last run, and has left its ticks alone', () => {
    expectEqual('last run', seen.cleanup.lastRun?.state, 'completed');
    const listed = seen.all.find(({ id }) => id === seen.cleanup.id);
    expectEqual('next ticks', seen.cleanup.next, listed?.next);
  });
  await list.check('a job ticked each second, and each tick ran once', () => {
    // On a machine that is too busy, one may be skipped.
    const [first, second] = seen.before;
    expectEqual('ms off a second', ((second?.due ?? 0) - (first?.due ?? 0)) % 1_000, 0);
  });
  await list.check('it did not tick while it was paused', () => {
    expectEqual('figures', seen.during, []);
  });
  await list.check(
    'one late run stood for all ticks of the pause, then it ticked as before',
    () => {
      const [late, ...others] = seen.after;
      expectThat((late?.missed ?? 0) >= 2, `expected several missed ticks, got ${late?.missed}`);
      expectThat(
        others.every(({ missed }) => missed <= 1),
        'expected the others to stand for themselves',
      );
    },
  );
}
