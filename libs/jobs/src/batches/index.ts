export { BatchCanceller } from './batch-canceller.js';
export { BatchHub } from './batch.hub.js';
export { BatchIds } from './batch-ids.js';
export { BatchService } from './batch.service.js';
export { RunningBatches } from './running-batches.js';
