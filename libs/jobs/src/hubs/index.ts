export { ChildOutcomes, type JobOutcome, type StoredError } from './child-outcomes.js';
export { hubKeyOf, SHARDS } from './hub-key.js';
export { HUB_KINDS, type HubKind } from './hub-kind.js';
export { HubQueue, type HubChild, type HubDraft, type StoredChild } from './hub-queue.js';
export { tellStep } from './hub-steps.js';
export { HubSweeper } from './hub-sweeper.service.js';
export { HubWorker } from './hub-worker.service.js';
