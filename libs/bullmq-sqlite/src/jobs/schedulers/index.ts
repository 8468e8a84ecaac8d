export { addScheduler } from './add-scheduler.js';
export { advanceScheduler, removeScheduler } from './advance-scheduler.js';
export {
  countSchedulers,
  getScheduler,
  getSchedulerFields,
  getSchedulersRange,
} from './scheduler-queries.js';
