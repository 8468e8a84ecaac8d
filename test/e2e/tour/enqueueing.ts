import type { JobScheduler } from 'nestjs-jobs';
import { EmailService } from './email.service.js';

/** Every way of `JobScheduler` to store jobs of one handler, with options. */
export async function enqueueInEveryWay(jobs: JobScheduler): Promise<readonly string[]> {
  // #region options
  const now = await jobs.enqueue(EmailService, (s) => s.sendWelcome('u-1'), {
    priority: 1, // before all that wait with a higher number, and after all without one
    attempts: 3,
    timeout: '30s',
  });
  const later = await jobs.schedule(EmailService, (s) => s.sendWelcome('u-2'), {
    at: new Date('2100-01-01T09:00:00Z'), // or delay: '3 days'
    id: 'welcome-u-2', // a second one is refused with a DuplicateJobError
  });
  const users = [{ name: 'u-3' }, { name: 'u-4' }];
  const many = await jobs.enqueueMany(
    EmailService,
    users,
    (s, user) => s.sendWelcome(user.name),
    (user) => ({ id: `welcome-${user.name}` }), // or one object, for all of them
  );
  const named = await jobs.enqueueByName('EmailService.sendWelcome', ['u-5'], { queue: 'emails' });
  // #endregion options

  // #region handle
  const found = await jobs.get<string>({ queue: 'emails', id: 'welcome-u-2' }); // undefined: not in the store
  await found?.state(); // 'delayed'
  await jobs.promote(later); // it is due now
  const text = await later.result({ timeout: '10s' });
  const { attemptsMade, finishedAt } = await later.details();
  await jobs.remove(later);
  await later.state(); // 'removed'
  // #endregion handle

  const stored = many.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const texts = await Promise.all([now, ...stored, named].map((handle) => handle.result()));
  if (attemptsMade !== 1 || finishedAt === undefined) throw new Error('expected an end');
  return [text, ...(texts as string[])];
}
