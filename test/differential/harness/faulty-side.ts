import type { IQueueBackend } from 'bullmq';
import type { QueueName, SideOptions } from './recorded-call.js';
import type { Side, SideSource } from './side.js';

/** A fault to plant: what a method does instead, given the sound backend and its arguments. */
export interface PlantedFault<Method extends keyof IQueueBackend> {
  readonly method: Method;
  readonly behave: (sound: IQueueBackend, args: unknown[]) => unknown;
}

/** Sides with one fault in them: a comparison that never fails proves nothing. */
export class FaultySideSource implements SideSource {
  readonly name = 'faulty';

  constructor(
    private readonly sound: SideSource,
    private readonly fault: PlantedFault<keyof IQueueBackend>,
  ) {}

  async open(options: SideOptions): Promise<Side> {
    const side = await this.sound.open(options);
    return {
      name: this.name,
      prefix: side.prefix,
      queue: (name: QueueName) => withFault(side.queue(name), this.fault),
      loseLock: (queue, jobId, token) => side.loseLock(queue, jobId, token),
      endStalledCheck: (queue, now) => side.endStalledCheck(queue, now),
      close: () => side.close(),
    };
  }

  close(): Promise<void> {
    return this.sound.close();
  }
}

function withFault(
  backend: IQueueBackend,
  { method, behave }: PlantedFault<keyof IQueueBackend>,
): IQueueBackend {
  return new Proxy(backend, {
    get(target, property) {
      if (property === method) return (...args: unknown[]) => behave(target, args);
      const value: unknown = Reflect.get(target, property);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
