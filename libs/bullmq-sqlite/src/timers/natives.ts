const { setTimeout, clearTimeout, setImmediate, performance, process } = globalThis;

const [seconds, nanoseconds] = process.hrtime();

/**
 * What Node measures and waits with, as it was when this module was loaded. Tests of an application
 * may replace the global functions by fakes that stand still (`vi.useFakeTimers()`): the file must
 * answer them all the same.
 */
export const natives = {
  setTimeout,
  clearTimeout,
  setImmediate,
  monotonicNow: performance.now.bind(performance),
  /** How far the machine's monotonic clock is ahead of this thread's, in ms. */
  machineOffset: seconds * 1_000 + nanoseconds / 1e6 - performance.now(),
};
