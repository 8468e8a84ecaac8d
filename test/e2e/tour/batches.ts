import type { BatchSummary } from 'nestjs-jobs';
import type { NewsletterService } from './newsletter.service.js';

export async function followBatch(newsletter: NewsletterService): Promise<BatchSummary> {
  // #region follow-batch
  const batch = await newsletter.publish(7, ['ann', 'bob', 'eve']);
  const { total, completed, failed, cancelled, pending } = await batch.progress();
  await batch.cancel('misprint'); // the jobs that have not ended
  const summary = await batch.finished({ timeout: '10 min' }); // throws for no job that failed
  // #endregion follow-batch
  return { ...summary, total: Math.max(total, completed + failed + cancelled + pending) };
}
