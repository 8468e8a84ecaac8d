import { Injectable } from '@nestjs/common';
import { Job, type JobEnding } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';
import { Desk, followUp } from './continue.js';
import { OrderService } from './order.service.js';
import { Outbox } from './outbox.js';

@Injectable()
class FrontDesk extends Desk {
  @Job()
  override close(_ending: JobEnding<string>): Promise<void> {
    return Promise.resolve();
  }
}

describeEngines("the README's continuations", (engine) => {
  it('do what the text says', async () => {
    const { jobs, module } = await createJobsApp(engine, {
      providers: [OrderService, Outbox, { provide: Desk, useClass: FrontDesk }],
    });
    expect(await followUp(jobs)).toEqual([
      'o-1 with invoice of 42 for o-1',
      'invoice of 42 for o-2',
    ]);
    await expect
      .poll(() => module.get(Outbox).delivered.toSorted())
      .toEqual(['order o-1 is on its way', 'order o-2 is on its way']);
  });
});
