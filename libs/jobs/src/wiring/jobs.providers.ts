import type { Provider } from '@nestjs/common';
import { BatchCanceller, BatchHub, BatchIds, Batches, RunningBatches } from '../batches/index.js';
import {
  JOBS_ENGINE,
  MANAGED_SERVICES,
  SettledJobs,
  ShutdownState,
  StartContext,
  type Engine,
} from '../contracts/index.js';
import {
  ArrivingJobs,
  EnqueueLines,
  LimitBook,
  JobLimits,
  LinesService,
  RateLimitHook,
  TurnHook,
  SentAwayTurns,
  UniqueHook,
  UniqueQueues,
} from '../concurrency/index.js';
import {
  HandlerExplorer,
  HandlerRegistry,
  QueueRetention,
  SchedulerLookup,
} from '../discovery/index.js';
import { QueueRegistry } from '../engines/index.js';
import {
  CancellationsService,
  Checkpoints,
  ClaimYield,
  EarlyRemoval,
  EnhancedCalls,
  EnhancerContexts,
  ExpirySweep,
  Farewell,
  Fleet,
  HandlerCaller,
  JOB_HOOKS,
  JobContext,
  JobExecutor,
  JobHooks,
  Repairs,
  RunningJobs,
  ServerHeartbeat,
  SharedQueues,
  StoreOutage,
  StrandedJobs,
  Suspects,
  TakenOverJobs,
  UnknownNames,
  WorkersService,
} from '../execution/index.js';
import { JobsHealth } from '../health/index.js';
import {
  CheckpointStore,
  CheckpointSweep,
  KeyedRuns,
  KeyRecords,
  StoredCheckpoints,
  IdempotencyKeys,
} from '../idempotency/index.js';
import { ChildOutcomes, HUB_KINDS, HubQueue, HubSweeper, HubWorker } from '../hubs/index.js';
import {
  ContinuationJobs,
  Continuations,
  DeclaredContinuations,
  LinkAttachment,
  LinkBook,
  LinkHubKind,
  LinkSweep,
  TicketBook,
  TicketSweep,
} from '../continuations/index.js';
import { JobLogger } from '../logging/index.js';
import {
  Declarations,
  DroppedRuns,
  Leadership,
  ProcessRecurrences,
  ProcessRunner,
  Reconciler,
  RecurringRuns,
  RecurringJobs,
  ScheduleBook,
  ScheduleStore,
  StoreClock,
  TickerService,
  TickLog,
  TickRunner,
  TickSources,
} from '../recurring/index.js';
import {
  JobCanceller,
  JobLines,
  JobPreparer,
  JobReader,
  JobWriter,
  PendingJobs,
  StoreCalls,
  UniquePlaces,
  WaitingRuns,
} from '../enqueueing/index.js';
import { JobScheduler } from '../scheduler/index.js';
import { ManagedServices, ShutdownSignals } from '../shutdown/index.js';

const queueRegistryProvider: Provider = {
  provide: QueueRegistry,
  useFactory: (engine: Engine, outage: StoreOutage, logger: JobLogger) =>
    new QueueRegistry(engine, (error) => {
      if (!outage.noticedIn(error)) logger.error(error.message, error);
    }),
  inject: [JOBS_ENGINE, StoreOutage, JobLogger],
};

/** In the order in which they are started; they are stopped in reverse. A group starts and stops together. */
const SERVICE_GROUPS = [
  [StoreOutage, ExpirySweep],
  [CancellationsService, EarlyRemoval, LimitBook],
  [LinesService],
  [WorkersService, HubWorker, HubSweeper, ProcessRecurrences],
  [ServerHeartbeat],
  [Reconciler, CheckpointSweep, TakenOverJobs, SharedQueues, StrandedJobs],
  [UniqueQueues],
  [TickerService],
  [Farewell],
];

const managedServicesProvider: Provider = {
  provide: MANAGED_SERVICES,
  useFactory: (...services: unknown[]) =>
    SERVICE_GROUPS.map((group) => services.splice(0, group.length)),
  inject: SERVICE_GROUPS.flat(),
};

const jobHooksProvider: Provider = {
  provide: JOB_HOOKS,
  useFactory: (...hooks: unknown[]) => hooks,
  inject: [
    JobLogger,
    SettledJobs,
    EarlyRemoval,
    RecurringRuns,
    DroppedRuns,
    // Before the keys: a job that is completed without its handler is followed all the same.
    DeclaredContinuations,
    KeyedRuns,
    TurnHook,
    SentAwayTurns,
    RateLimitHook,
    UniqueHook,
    TakenOverJobs,
  ],
};

const hubKindsProvider: Provider = {
  provide: HUB_KINDS,
  useFactory: (...kinds: unknown[]) => kinds,
  inject: [LinkHubKind, BatchHub],
};

/** Everything the module is made of, but its options and queues. @internal */
export const jobsProviders: readonly Provider[] = [
  queueRegistryProvider,
  managedServicesProvider,
  jobHooksProvider,
  hubKindsProvider,
  JobLogger,
  StartContext,
  HandlerExplorer,
  HandlerRegistry,
  SchedulerLookup,
  QueueRetention,
  ShutdownState,
  SettledJobs,
  StoreCalls,
  WaitingRuns,
  JobPreparer,
  JobReader,
  JobWriter,
  JobCanceller,
  JobScheduler,
  JobContext,
  JobHooks,
  JobExecutor,
  HandlerCaller,
  EnhancedCalls,
  EnhancerContexts,
  RunningJobs,
  Suspects,
  UnknownNames,
  ClaimYield,
  Fleet,
  TakenOverJobs,
  StoreOutage,
  Repairs,
  ExpirySweep,
  CancellationsService,
  EarlyRemoval,
  WorkersService,
  ServerHeartbeat,
  Farewell,
  SharedQueues,
  StrandedJobs,
  HubQueue,
  ChildOutcomes,
  HubWorker,
  HubSweeper,
  LinkBook,
  TicketBook,
  { provide: PendingJobs, useExisting: TicketBook },
  LinkAttachment,
  LinkSweep,
  TicketSweep,
  LinkHubKind,
  ContinuationJobs,
  Continuations,
  DeclaredContinuations,
  BatchHub,
  BatchIds,
  BatchCanceller,
  RunningBatches,
  Batches,
  ScheduleStore,
  StoreClock,
  RecurringRuns,
  DroppedRuns,
  RecurringJobs,
  Declarations,
  Reconciler,
  ScheduleBook,
  TickLog,
  TickRunner,
  TickSources,
  Leadership,
  TickerService,
  ProcessRunner,
  ProcessRecurrences,
  CheckpointStore,
  CheckpointSweep,
  KeyRecords,
  KeyedRuns,
  IdempotencyKeys,
  { provide: Checkpoints, useClass: StoredCheckpoints },
  ArrivingJobs,
  LimitBook,
  LinesService,
  { provide: JobLines, useClass: EnqueueLines },
  UniqueQueues,
  { provide: UniquePlaces, useExisting: UniqueQueues },
  JobLimits,
  TurnHook,
  SentAwayTurns,
  RateLimitHook,
  UniqueHook,
  JobsHealth,
  ManagedServices,
  ShutdownSignals,
];

/** What other modules may inject. @internal */
export const jobsExports: readonly Provider[] = [JobScheduler, JobContext, JobsHealth];
