/**
 * Loaded before everything else (`--import`) in a process whose clock is to be wrong: shifts `Date`
 * by FAULTS_CLOCK_SHIFT_MS, which the process may set anew. Timers, `performance` and
 * `process.hrtime` go on as they are, as with a wrong wall clock.
 */
const realNow = Date.now.bind(Date);

function shiftedNow(): number {
  const shiftMs = Number(process.env.FAULTS_CLOCK_SHIFT_MS);
  if (Number.isFinite(shiftMs)) return realNow() + shiftMs;
  throw new TypeError(
    `FAULTS_CLOCK_SHIFT_MS: expected ms, got ${process.env.FAULTS_CLOCK_SHIFT_MS}`,
  );
}

globalThis.Date = new Proxy(Date, {
  get: (target, key, receiver) =>
    key === 'now' ? shiftedNow : (Reflect.get(target, key, receiver) as unknown),
  construct: (target, args: unknown[], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [shiftedNow()] : args, newTarget) as Date,
  apply: () => new Date(shiftedNow()).toString(),
});
