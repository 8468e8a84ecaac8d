import { Injectable } from '@nestjs/common';
import { ConnectionClosedError } from 'bullmq';
import { expect, it, vi } from 'vitest';
import { describeEngines } from '../../../../test/support/engines.js';
import { createJobsApp } from '../../../../test/support/jobs-app.js';
import { storedRows } from '../../../../test/support/stored-rows.js';
import { Continuation, Job } from '../decorators/index.js';
import { Repairs } from '../execution/index.js';
import { SHARDS } from '../hubs/index.js';
import { ContinuationBook } from './continuation-book.js';
import { ContinuationSweep } from './continuation-sweep.js';
import { LinkAttachment } from './link-attachment.js';
import { LinkBook } from './link-book.js';

@Injectable()
class Work {
  gate = Promise.withResolvers<void>();
  started = Promise.withResolvers<void>();
  followed = 0;

  @Job({ attempts: 1 })
  fail(): void {
    throw new Error('broken');
  }

  @Job()
  async wait(): Promise<string> {
    this.started.resolve();
    await this.gate.promise;
    return 'waited';
  }

  @Job()
  quick(): string {
    return 'quick';
  }

  @Job()
  next(_values: readonly unknown[]): string {
    return 'after';
  }

  @Job()
  declaring(): void {}

  @Continuation({ after: [Work, 'declaring'] })
  follow(): void {
    this.followed += 1;
  }
}

const PARTS = SHARDS.flatMap((one) => SHARDS.map((other) => one + other));

describeEngines('continuations that are not in their queues', (engine) => {
  const boot = async () => {
    const { module, jobs, isolation } = await createJobsApp(engine, {
      providers: [Work],
      // A part is swept now and then by itself; here it is asked for.
      options: { lock: { duration: '2s', sweep: '1 h' } },
    });
    const links = module.get(LinkBook);
    const sweeper = new ContinuationSweep(
      module.get(ContinuationBook),
      links,
      module.get(LinkAttachment),
      {
        enqueueTimeoutMs: -1,
      } as never,
    );
    const round = module.get(Repairs).of('continuations');
    // The first look raises a suspicion, the second one acts upon it.
    const sweep = async () => {
      for (let look = 0; look < 2; look += 1)
        for (const part of PARTS) await sweeper.sweepPart(part, round);
      expect(round.leftBroken).toBeUndefined();
    };
    const stored = async () => {
      const rows = await storedRows(engine, isolation);
      return rows.filter(({ text }) => text.includes('continuation:'));
    };
    return { jobs, links, sweep, stored, work: module.get(Work) };
  };

  const failOnce = (links: LinkBook, after: number) => {
    const add = links.add.bind(links);
    const spy = vi.spyOn(links, 'add');
    for (let i = 0; i < after; i += 1) spy.mockImplementationOnce(add);
    spy.mockRejectedValueOnce(new ConnectionClosedError('cut off', new Error('cut off')));
  };

  it('expire when they were skipped, although another job before them ends later', async () => {
    const { jobs, links, stored, work } = await boot();
    const failing = await jobs.enqueue(Work, (s) => s.fail());
    const running = await jobs.enqueue(Work, (s) => s.wait());
    await work.started.promise;
    const next = await jobs.continueWith([failing, running], Work, (s, values) => s.next(values));
    await expect(next.result()).rejects.toThrow(/skipped/);
    work.gate.resolve();
    await running.result();
    await vi.waitFor(async () => expect(await links.read(running)).toBeUndefined(), 10_000);
    expect(await stored()).toMatchObject([{ expires: true }]);
  });

  it('go when a crash has left them without a link, and what declared them was linked anew', async () => {
    const { jobs, links, sweep, stored, work } = await boot();
    failOnce(links, 0);
    const job = await jobs.enqueue(Work, (s) => s.declaring());
    await job.result({ timeout: 15_000 });
    await vi.waitFor(() => expect(work.followed).toBe(1), 10_000);
    await vi.waitFor(async () => expect(await stored()).toHaveLength(1), 10_000);
    await sweep();
    expect(await stored()).toEqual([]);
    expect(work.followed).toBe(1);
  });

  it('are linked to all that they follow, when a crash has left them linked to a part of it', async () => {
    const { jobs, links, sweep, stored, work } = await boot();
    const running = await jobs.enqueue(Work, (s) => s.wait());
    await work.started.promise;
    const quick = await jobs.enqueue(Work, (s) => s.quick());
    failOnce(links, 1);
    const call = jobs.continueWith([running, quick], Work, (s, values) => s.next(values), {
      id: 'partly-linked',
    });
    await expect(call).rejects.toThrow(/cannot be reached|cut off/);
    await sweep();
    work.gate.resolve();
    const next = await jobs.get('partly-linked');
    expect(await next!.result()).toBe('after');
    await vi.waitFor(async () => expect(await stored()).toEqual([]), 10_000);
  });

  it('stay while what they follow runs', async () => {
    const { jobs, sweep, work } = await boot();
    const running = await jobs.enqueue(Work, (s) => s.wait());
    const next = await jobs.continueWith(running, Work, (s, value) => s.next([value]));
    const last = await jobs.continueWith(next, Work, (s, value) => s.next([value]));
    await work.started.promise;
    await sweep();
    work.gate.resolve();
    expect(await last.result()).toBe('after');
  });
});
