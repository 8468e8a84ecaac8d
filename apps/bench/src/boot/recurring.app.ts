import { NestFactory } from '@nestjs/core';
import { JobsModule, Recurring } from 'nestjs-jobs';
import type { BenchEngine, Isolation, RawQueue } from '../engines/index.js';
import { QUEUE } from '../subjects/index.js';
import { NEST_OPTIONS } from './boot-app.js';

/** Far from now: it is registering that is measured, not ticks. */
const CRON = '0 0 1 1 *';

const METHODS_OF_A_CLASS = 100;

class RecurringApp {}

/** Boots an application that declares so many recurring jobs, and works on their queue. */
export async function bootRecurring(count: number, engine: BenchEngine, isolation: Isolation) {
  const app = {
    module: RecurringApp,
    imports: [JobsModule.forRoot(await engine.moduleOptions(isolation))],
    providers: defineClasses(count),
  };
  return NestFactory.createApplicationContext(app, NEST_OPTIONS);
}

/** The same by hand. */
export async function upsertSchedulers(count: number, queue: RawQueue): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      queue.upsertJobScheduler(`r${index}`, { pattern: CRON }, { name: 'run' }),
    ),
  );
}

function defineClasses(count: number) {
  return Array.from({ length: Math.ceil(count / METHODS_OF_A_CLASS) }, (_, classIndex) => {
    const type = class {};
    Object.defineProperty(type, 'name', { value: `Service${classIndex}` });
    const from = classIndex * METHODS_OF_A_CLASS;
    for (let index = from; index < Math.min(count, from + METHODS_OF_A_CLASS); index += 1) {
      const name = `run${index}`;
      const descriptor = { value: () => undefined, writable: true, configurable: true };
      Object.defineProperty(type.prototype, name, descriptor);
      Recurring(CRON, { id: `r${index}`, queue: QUEUE })(type.prototype, name, descriptor);
    }
    return type;
  });
}
