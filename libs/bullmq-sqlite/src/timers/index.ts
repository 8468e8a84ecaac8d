export {
  after,
  every,
  inNextTurn,
  machineNow,
  monotonicNow,
  nextTurn,
  pause,
  type Timer,
} from './timers.js';
