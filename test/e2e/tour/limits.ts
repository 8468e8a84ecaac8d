import type { JobScheduler } from 'nestjs-jobs';
import { DeliveryService } from './delivery.service.js';

/** Changes limits, and enqueues jobs that are to run once. */
export async function limit(jobs: JobScheduler) {
  // #region steer-limits
  await jobs.limits.set(DeliveryService, 'ship', { key: 'acme', limit: 5 }); // all processes, until reset()
  await jobs.limits.set(DeliveryService, 'tellPartner', { max: 20, per: '1 min' });
  const { concurrency } = await jobs.limits.get(DeliveryService, 'ship', 'acme'); // 5

  // Debounce: run once, with the last arguments, when nothing came for a second.
  const delay = '1s';
  await jobs.schedule(DeliveryService, (s) => s.refresh('acme', 'address'), { delay });
  const last = await jobs.schedule(DeliveryService, (s) => s.refresh('acme', 'name'), { delay });

  // Throttle: at most one a minute, of a call or of @Job().
  const unique = { key: 'o-1', for: '1 min' };
  const told = await jobs.enqueue(DeliveryService, (s) => s.tellPartner('o-1'), { unique });
  const same = await jobs.enqueue(DeliveryService, (s) => s.tellPartner('o-1'), { unique });
  // #endregion steer-limits
  return { concurrency, last, told, same };
}
