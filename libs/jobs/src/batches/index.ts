export { BatchCanceller } from './batch-canceller.js';
export { BatchDelivery } from './batch-delivery.js';
export { BatchIds } from './batch-ids.js';
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
export { Batches } from './batches.js';
export { RunningBatches } from './running-batches.js';
