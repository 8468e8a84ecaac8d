import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';
import { Outbox } from './outbox.js';
import { signUpById, signUpByKey } from './sign-up.js';
import { Users } from './users.js';
import { WelcomeService } from './welcome.service.js';

describeEngines("the README's tour of idempotency", (engine) => {
  const boot = async () => {
    const { jobs, module } = await createJobsApp(engine, {
      providers: [WelcomeService, Outbox, Users],
      options: { defaults: { backoff: { type: 'fixed', delay: 1 } } },
    });
    return { jobs, outbox: module.get(Outbox), users: module.get(Users) };
  };

  it('guards by a column', async () => {
    const { jobs, outbox } = await boot();
    for (const _ of [1, 2])
      await (await jobs.enqueue(WelcomeService, (s) => s.welcomeGuarded('ada'))).result();
    expect(outbox.delivered).toEqual(['welcome ada']);
  });

  it('does the steps of a job once', async () => {
    const { jobs, outbox, users } = await boot();
    const { deliver } = outbox;
    let failures = 1;
    outbox.deliver = async (text, options) => {
      if (text.startsWith('voucher') && failures-- > 0) throw new Error('no connection');
      await deliver.call(outbox, text, options);
    };
    const job = await jobs.enqueue(WelcomeService, (s) => s.welcome('ada'));
    expect(await job.result()).toBe('ada-1');
    expect(outbox.delivered).toEqual(['welcome ada', 'voucher ada-1']);
    expect(users.vouchers).toBe(1);
  });

  it('stores one job for a key, and for an id', async () => {
    const { jobs, outbox } = await boot();
    const [one, two] = [await signUpByKey(jobs, 'ada'), await signUpByKey(jobs, 'ada')];
    expect(two.id).toBe(one.id);
    expect(await two.result()).toBe('ada-1');
    expect(await signUpById(jobs, 'bob')).toBe('welcome on its way');
    expect(await signUpById(jobs, 'bob')).toBe('welcomed already');
    await (await jobs.get<string>('welcome-bob'))!.result();
    expect(outbox.delivered.filter((text) => text.startsWith('welcome'))).toEqual([
      'welcome ada',
      'welcome bob',
    ]);
  });
});
