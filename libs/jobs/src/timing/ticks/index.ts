export { planTicks, type DueTick, type RunBefore, type TickPlan } from './misfire-and-overlap.js';
export { progressAt, type TickProgress } from './tick-progress.js';
export { goOn, type Search } from './search.js';
export { emptyUntil, nextLook, tickIn, type TickSource } from './tick-series.js';
export { createTickSource, type TickOrigin } from './tick-source.js';
export {
  isSameTiming,
  readTiming,
  SETTING_RULES,
  TIMING_DEFAULTS,
  withDialect,
  type Timing,
} from './timing.js';
