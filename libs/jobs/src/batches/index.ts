export { BatchCanceller } from './batch-canceller.js';
export { BatchHubKind } from './batch-hub-kind.js';
export { BatchIds } from './batch-ids.js';
export { Batches } from './batches.js';
export type {
  BatchBuilder,
  BatchCallback,
  BatchEnd,
  BatchHandle,
  BatchOptions,
  BatchProgress,
  BatchResult,
  BatchSummary,
} from './batch.js';
export { RunningBatches } from './running-batches.js';
