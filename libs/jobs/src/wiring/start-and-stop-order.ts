import type { Provider } from '@nestjs/common';
import { LimitBook, LinesSweep, UniqueQueues } from '../concurrency/index.js';
import {
  CancellationsService,
  EarlyRemoval,
  ExpirySweep,
  Farewell,
  ServerHeartbeat,
  SharedQueues,
  StoreOutage,
  StrandedJobs,
  TakenOverJobs,
  WorkersService,
} from '../execution/index.js';
import { HubSweeper, HubWorker } from '../hubs/index.js';
import { CheckpointSweep } from '../idempotency/index.js';
import { MANAGED_SERVICES } from '../lifecycle/index.js';
import { ProcessRecurrences, Reconciler, TickerService } from '../recurring/index.js';

/**
 * In the order in which they are started; they are stopped in reverse. A group starts and stops
 * together. When all have stopped, queues are closed (jobs.module.ts), then the engine
 * (store.module.ts).
 */
const SERVICE_GROUPS = [
  [StoreOutage, ExpirySweep],
  [CancellationsService, EarlyRemoval, LimitBook],
  [LinesSweep],
  [WorkersService, HubWorker, HubSweeper, ProcessRecurrences],
  [ServerHeartbeat],
  [Reconciler, CheckpointSweep, TakenOverJobs, SharedQueues, StrandedJobs],
  [UniqueQueues],
  [TickerService],
  [Farewell],
];

/** @internal */
export const managedServicesProvider: Provider = {
  provide: MANAGED_SERVICES,
  useFactory: (...services: unknown[]) =>
    SERVICE_GROUPS.map((group) => services.splice(0, group.length)),
  inject: SERVICE_GROUPS.flat(),
};
