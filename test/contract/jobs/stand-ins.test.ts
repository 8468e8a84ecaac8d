import { Injectable, Module } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Continuation, Job } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

@Injectable()
class Mails {
  @Job({ attempts: 1 })
  async send(to: string): Promise<string> {
    return `sent to ${to}`;
  }

  @Job()
  async remind(): Promise<void> {}
}

@Injectable()
class Reports {
  static followed = signal<string>();

  @Job()
  async build(): Promise<string> {
    return 'built';
  }

  @Continuation({ after: [Reports, 'build'] })
  async publish(report: string): Promise<void> {
    Reports.followed.resolve(report);
  }
}

@Module({ providers: [Reports] })
class ReportsModule {}

describeEngines('a handler', (engine) => {
  it('may be a test double', async () => {
    const double = { send: async (to: string) => `not sent to ${to}` };
    const { jobs } = await createJobsApp(engine, {
      providers: [{ provide: Mails, useValue: double }],
    });
    const handle = await jobs.enqueue(Mails, (mails) => mails.send('Ada'));
    expect(await handle.result()).toBe('not sent to Ada');
    await expect(jobs.enqueue(Mails, (mails) => mails.remind())).rejects.toThrow(
      /\(a test double\?\) has no method "remind"/,
    );
  });

  it('may come with a module that is loaded late', async () => {
    Reports.followed = signal();
    const { jobs, module } = await createJobsApp(engine, { providers: [Mails] });
    const before = await jobs.enqueue(Mails, (mails) => mails.send('Ada'));
    await before.result();
    await module.get(LazyModuleLoader).load(() => ReportsModule);
    const handle = await jobs.enqueue(Reports, (reports) => reports.build());
    expect(await handle.result()).toBe('built');
    expect(await Reports.followed.promise).toBe('built');
  });
});
