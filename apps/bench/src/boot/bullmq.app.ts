import {
  Injectable,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { ModuleRef, NestFactory } from '@nestjs/core';
import type { BenchEngine, Isolation, RawBullmq, RawQueue, RawWorker } from '../engines/index.js';
import { WORKER_OPTIONS } from '../subjects/index.js';
import { defineHandlers, NEST_OPTIONS, type BootApp, type HandlerClass } from './boot-app.js';

const handlers = defineHandlers();

/** What an application writes by hand around BullMQ: a queue and a worker for each queue name. */
@Injectable()
class QueuesAndWorkers implements OnApplicationBootstrap, OnApplicationShutdown {
  static target: { engine: BenchEngine; isolation: Isolation };
  private bullmq: RawBullmq | undefined;
  private readonly opened: (RawQueue | RawWorker)[] = [];

  constructor(private readonly moduleRef: ModuleRef) {}

  async onApplicationBootstrap(): Promise<void> {
    const { engine, isolation } = QueuesAndWorkers.target;
    this.bullmq = await engine.openBullmq(isolation);
    for (const handler of handlers) this.opened.push(...this.open(this.bullmq, handler));
    // As in our module: the store has answered when the application is up, workers connect behind
    // it.
    await this.opened[0]!.waitUntilReady();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.opened.map((queueOrWorker) => queueOrWorker.close()));
    await this.bullmq?.close();
  }

  private open(bullmq: RawBullmq, { queue, type }: HandlerClass): [RawQueue, RawWorker] {
    const service = this.moduleRef.get(type, { strict: false });
    const worker = bullmq.worker(queue, (job) => service[job.name]!(), {
      ...WORKER_OPTIONS,
      concurrency: 10,
    });
    return [bullmq.queue(queue), worker];
  }
}

@Module({})
class BullmqApp {
  static create(): DynamicModule {
    const providers = [QueuesAndWorkers, ...handlers.map(({ type }) => type)];
    return { module: BullmqApp, providers };
  }
}

/** The application with BullMQ and no module around it. */
export const bootBullmq: BootApp = (engine, isolation) => {
  QueuesAndWorkers.target = { engine, isolation };
  return NestFactory.createApplicationContext(BullmqApp.create(), NEST_OPTIONS);
};
