/**
 * What Node measures and waits with, as it was when this module was loaded. Tests of an application
 * may replace the global functions by fakes that stand still (`vi.useFakeTimers()`): the store must
 * answer them all the same.
 * @internal
 */
export const natives = read();

/** For tests of this library, which want its own timers faked. @internal */
export function readNativesAgain(): void {
  Object.assign(natives, read());
}

function read() {
  const { setTimeout, clearTimeout, setImmediate, queueMicrotask, performance } = globalThis;
  const monotonicNow = performance.now.bind(performance);
  return { setTimeout, clearTimeout, setImmediate, queueMicrotask, monotonicNow };
}
