export { after, every, inNextTurn, monotonicNow, nextTurn, pause, type Timer } from './timers.js';
