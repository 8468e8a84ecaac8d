import { BullModule, getQueueToken, Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable, Logger, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Queue, type Job as BullJob } from 'bullmq';
import { Job, JobScheduler, JobsModule } from 'nestjs-jobs';
import { afterEach, expect, it, vi } from 'vitest';
import { describeEngine, engineNamed } from '../support/engines.js';
import { signal } from '../support/jobs-app.js';

const redis = engineNamed('redis');
const { prefix } = redis.isolation();
const redisUrl = redis.url;
const done = { images: signal<string>(), legacy: signal<string>() };

// #region processors
@Processor('images') // a queue of BullModule, on its connection
class ImageProcessor extends WorkerHost {
  async process(job: BullJob): Promise<void> {
    done.images.resolve(job.name);
  }
}

@Processor('legacy') // a queue of JobsModule, on its store
class LegacyProcessor extends WorkerHost {
  async process(job: BullJob): Promise<void> {
    done.legacy.resolve(job.name);
  }
}
// #endregion processors

@Injectable()
class Mails {
  @Job({ queue: 'mails' })
  async send(to: string): Promise<string> {
    return `sent to ${to}`;
  }
}

// #region modules
@Module({
  imports: [
    BullModule.forRoot({ connection: { url: redisUrl }, prefix }),
    BullModule.registerQueue({ name: 'images' }),
    JobsModule.forRoot({ connection: ':memory:', queues: { legacy: {} } }),
  ],
  providers: [Mails, ImageProcessor, LegacyProcessor],
})
class AppModule {}
// #endregion modules

let app: TestingModule | undefined;

afterEach(async () => {
  vi.restoreAllMocks();
  await app?.close();
  await redis.cleanup({ prefix, schema: '' });
});

describeEngine(redis, '@Processor() beside the jobs of this module', () => {
  it('works on the queues of either', async () => {
    app = await Test.createTestingModule({ imports: [AppModule] }).compile();
    Logger.overrideLogger(false);
    await app.init();
    await app.get<Queue>(getQueueToken('images'), { strict: false }).add('resize', {});
    // #region add
    await app.get<Queue>(getQueueToken('legacy'), { strict: false }).add('import', { file: 'a' });
    // #endregion add
    expect(await done.images.promise).toBe('resize');
    expect(await done.legacy.promise).toBe('import');
    const mail = await app.get(JobScheduler).enqueue(Mails, (mails) => mails.send('Ada'));
    expect(await mail.result()).toBe('sent to Ada');
  });

  it('is told of at boot, in one line, when nobody starts it', async () => {
    const lines: string[] = [];
    vi.spyOn(Logger.prototype, 'warn').mockImplementation((line: string) => lines.push(line));
    const jobs = JobsModule.forRoot({ connection: ':memory:', queues: { legacy: {} } });
    const providers = [Mails, LegacyProcessor];
    app = await Test.createTestingModule({ imports: [jobs], providers }).compile();
    await app.init();
    expect(lines.filter((line) => line.includes('@Processor'))).toEqual([
      expect.stringMatching(
        /^@Processor\("legacy"\) on LegacyProcessor: nobody starts it\. Import BullModule\.registerQueue\(\)/,
      ),
    ]);
    await app.close();
    lines.length = 0;
    const imports = [jobs, BullModule.registerQueue()];
    app = await Test.createTestingModule({ imports, providers }).compile();
    await app.init();
    expect(lines.filter((line) => line.includes('@Processor'))).toEqual([]);
  });
});
