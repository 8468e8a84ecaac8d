import type { BatchHandle, BatchSummary, JobHandle } from 'nestjs-jobs';
import { describe, expectTypeOf, it } from 'vitest';
import { EmailService, jobs, Mailer } from './fixtures.js';

declare class ReportService {
  report(batch: BatchSummary, month?: number): Promise<void>;
  reportId(id: string): Promise<void>;
}

describe('batch', () => {
  it('gives a handle of the batch, and handles of its jobs', () => {
    const batch = jobs.batch((b) => {
      expectTypeOf(b.enqueue(EmailService, (s) => s.send('a'))).toEqualTypeOf<JobHandle<number>>();
      expectTypeOf(b.schedule(Mailer, (s) => s.deliver('a'), { delay: '1 h' })).toEqualTypeOf<
        JobHandle<boolean>
      >();
      expectTypeOf(b.enqueueMany(EmailService, ['a'], (s, to) => s.send(to))).toEqualTypeOf<
        JobHandle<number>[]
      >();
      expectTypeOf(b.batch(async () => undefined)).toEqualTypeOf<BatchHandle>();
    });
    expectTypeOf(batch).resolves.toEqualTypeOf<BatchHandle>();
    expectTypeOf(jobs.batches.get('id')).resolves.toEqualTypeOf<BatchHandle | undefined>();
  });

  it('knows the methods and arguments of its jobs', () => {
    void jobs.batch((b) => {
      // @ts-expect-error no such method
      b.enqueue(EmailService, (s) => s.sent('a'));
      // @ts-expect-error a wrong argument
      b.enqueue(EmailService, (s) => s.send(1));
      // @ts-expect-error items are numbers
      b.enqueueMany(EmailService, [1], (s, to) => s.send(to));
      // @ts-expect-error it must be said when
      b.schedule(EmailService, (s) => s.send('a'));
    });
  });

  it('knows the services of its continuations, each by itself', () => {
    void jobs.batch(() => undefined, {
      name: 'mails',
      onCompleted: [EmailService, (s) => s.send('a')],
      onFailed: [Mailer, (s, batch) => s.deliver(batch.id)],
      onFinished: [
        ReportService,
        (s, batch) => {
          expectTypeOf(batch).toEqualTypeOf<BatchSummary>();
          return s.report(batch, 7);
        },
      ],
    });
    // @ts-expect-error no such method
    void jobs.batch(() => undefined, { onFinished: [EmailService, (s) => s.report('a')] });
    // @ts-expect-error a summary is no text
    void jobs.batch(() => undefined, { onFinished: [ReportService, (s, b) => s.reportId(b)] });
    // @ts-expect-error no such option
    void jobs.batch(() => undefined, { onSuccess: [ReportService, (s, b) => s.report(b)] });
  });

  it('tells a result from an error', async () => {
    const batch = await jobs.batches.get('id');
    for await (const end of batch!.results()) {
      if (end.state === 'completed') expectTypeOf(end.result).toBeUnknown();
      else expectTypeOf(end.error).toBeString();
    }
  });
});
