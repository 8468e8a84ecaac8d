/**
 * Loaded before everything else (`--import`) in a process whose clock is to be wrong: shifts `Date`
 * by FAULTS_CLOCK_SHIFT_MS. Timers and `performance` go on as they are, as with a wrong wall clock.
 */
const shiftMs = Number(process.env.FAULTS_CLOCK_SHIFT_MS);
if (!Number.isFinite(shiftMs)) {
  throw new TypeError(
    `FAULTS_CLOCK_SHIFT_MS: expected ms, got ${process.env.FAULTS_CLOCK_SHIFT_MS}`,
  );
}

const realNow = Date.now.bind(Date);
const shiftedNow = (): number => realNow() + shiftMs;

globalThis.Date = new Proxy(Date, {
  get: (target, key, receiver) =>
    key === 'now' ? shiftedNow : (Reflect.get(target, key, receiver) as unknown),
  construct: (target, args: unknown[], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [shiftedNow()] : args, newTarget) as Date,
  apply: () => new Date(shiftedNow()).toString(),
});
