export { messages } from './job-log.messages.js';
export { JobLogger } from './job-logger.js';
