import 'reflect-metadata';
import { Inject, Injectable, Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Job, JobScheduler, JobsModule, type JobsModuleOptions } from 'nestjs-jobs';
import { JOB_NAME, payloadOf, QUEUE, SETTINGS, type Payload } from './job-settings.js';
import type { Subject, SubjectSetup } from './subject.js';

const ON_JOB = Symbol('bench:on-job');

/** The handler that is measured: an ordinary provider with one injected dependency. */
@Injectable()
class BenchHandler {
  constructor(@Inject(ON_JOB) private readonly onJob: SubjectSetup['onJob']) {}

  @Job({ queue: QUEUE, name: JOB_NAME })
  async run(payload: Payload): Promise<void> {
    this.onJob(payload.index);
  }
}

/** The same, one at a time of each key. */
@Injectable()
class KeyedBenchHandler {
  constructor(@Inject(ON_JOB) private readonly onJob: SubjectSetup['onJob']) {}

  @Job({ queue: QUEUE, concurrency: { key: (_payload: Payload, key: number) => key } })
  async run(payload: Payload, _key: number): Promise<void> {
    this.onJob(payload.index);
  }
}

@Module({})
class BenchModule {
  static of(
    { concurrency, worker, onJob, keys }: SubjectSetup,
    options: JobsModuleOptions,
  ): DynamicModule {
    const jobs = JobsModule.forRoot({
      ...options,
      workers: worker,
      queues: { [QUEUE]: { concurrency } },
      defaults: {
        attempts: SETTINGS.attempts,
        backoff: SETTINGS.backoff,
        removeOnComplete: retention(SETTINGS.removeOnComplete),
        removeOnFail: retention(SETTINGS.removeOnFail),
      },
      lock: {
        duration: SETTINGS.lockDurationMs,
        sweep: SETTINGS.sweepIntervalMs,
        maxStalls: SETTINGS.maxStalls,
      },
      // A machine that is busy is slow, not broken.
      enqueueTimeout: '5 min',
    });
    return {
      module: BenchModule,
      imports: [jobs],
      providers: [
        keys === undefined ? BenchHandler : KeyedBenchHandler,
        { provide: ON_JOB, useValue: onJob },
      ],
    };
  }
}

/** Our module in a Nest application, called as an application would. */
export const jobsSubject: Subject = {
  name: 'jobs',

  async open(setup) {
    const options = await setup.engine.moduleOptions(setup.isolation);
    const app = await NestFactory.createApplicationContext(BenchModule.of(setup, options), {
      logger: ['error'],
      abortOnError: false,
    });
    const jobs = app.get(JobScheduler);
    return {
      enqueue: (index) => jobs.enqueue(BenchHandler, (s) => s.run(payloadOf(index))),
      enqueueMany: async (indexes) => {
        const { keys } = setup;
        const outcomes =
          keys === undefined
            ? await jobs.enqueueMany(BenchHandler, indexes, (s, index) => s.run(payloadOf(index)))
            : await jobs.enqueueMany(KeyedBenchHandler, indexes, (s, index) =>
                s.run(payloadOf(index), index % keys),
              );
        const failed = outcomes.find((outcome) => outcome.status === 'rejected');
        if (failed) throw failed.reason;
      },
      close: () => app.close(),
    };
  },
};

function retention({ ageSeconds, count }: { ageSeconds: number; count: number }) {
  return { age: ageSeconds * 1_000, count };
}
