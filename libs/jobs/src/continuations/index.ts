export { ContinuationJobs } from './continuation-jobs.js';
export { ContinuationService } from './continuation.service.js';
export { DeclaredContinuations } from './declared-continuations.js';
export { LinkAttachment } from './link-attachment.js';
export { LinkBook } from './link-book.js';
export { LinkHubKind } from './link-hub-kind.js';
export { LinkSweep } from './link-sweep.js';
export { TicketBook } from './ticket-book.js';
