const { setTimeout, clearTimeout, setImmediate, performance } = globalThis;

/**
 * What Node measures and waits with, as it was when this module was loaded. Tests of an application may replace
 * the global functions by fakes that stand still (`vi.useFakeTimers()`): the file must answer them all the same.
 */
export const natives = {
  setTimeout,
  clearTimeout,
  setImmediate,
  monotonicNow: performance.now.bind(performance),
};
