import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';
import { followBatch } from './batches.js';
import { NewsletterService } from './newsletter.service.js';
import { Outbox } from './outbox.js';

describeEngines("the README's batches", (engine) => {
  it('continue when their last job has ended', async () => {
    const { module } = await createJobsApp(engine, { providers: [NewsletterService, Outbox] });
    const batch = await module.get(NewsletterService).publish(6, ['ann', 'bob']);
    expect(await batch.finished()).toMatchObject({ name: 'issue 6', completed: 2 });
    const { delivered } = module.get(Outbox);
    await expect.poll(() => delivered.length).toBe(3);
    expect(delivered.at(-1)).toBe('issue 6 sent to 2 of 2 ');
    expect(delivered.slice(0, 2).toSorted()).toEqual(['issue 6 for ann', 'issue 6 for bob']);
  });

  it('are followed and cancelled', async () => {
    const { module } = await createJobsApp(engine, { providers: [NewsletterService, Outbox] });
    const summary = await followBatch(module.get(NewsletterService));
    expect(summary.completed + summary.cancelled).toBe(3);
  });
});
