export type { Handler, HandlerClass } from './handler.js';
export { HandlerExplorer } from './handler.explorer.js';
export { QueueRetention, type KeptJobs } from './queue-retention.js';
export { HandlerRegistry } from './handler.registry.js';
