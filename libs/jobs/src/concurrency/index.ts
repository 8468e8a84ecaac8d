export { EnqueueLines } from './enqueue-lines.js';
export { LimitBook } from './limit-book.service.js';
export { LimitsService } from './limits.service.js';
export { LinesService } from './lines.service.js';
export { RateLimitHook } from './rate-limit.hook.js';
export { TurnHook } from './turn.hook.js';
export { UniqueQueues } from './unique-queues.service.js';
export { UniqueHook } from './unique.hook.js';
