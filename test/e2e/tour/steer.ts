import type { JobScheduler } from 'nestjs-jobs';
import { EmailService } from './email.service.js';

export async function steer(jobs: JobScheduler): Promise<string> {
  // #region steer
  const job = await jobs.enqueue(EmailService, (s) => s.sendWelcome('u-2'));
  const text = await job.result({ timeout: 10_000 }); // typed: string

  const digest = await jobs.schedule(EmailService, (s) => s.sendDigest(['u-3']), {
    delay: '1 day',
  });
  await jobs.cancel(digest, 'unsubscribed'); // also reaches a running job, in any process

  const outcomes = await jobs.enqueueMany(EmailService, ['a', 'b', 'c'], (s, id) =>
    s.sendWelcome(id),
  );
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
  // #endregion steer
  if (failed.length > 0) throw new Error('expected every job to be stored');
  return text;
}
