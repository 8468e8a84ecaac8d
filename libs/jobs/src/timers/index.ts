export { readNativesAgain } from './natives.js';
export {
  after,
  every,
  forDriver,
  inNextTurn,
  monotonicNow,
  nextTurn,
  pause,
  soon,
  type Timer,
} from './timers.js';
