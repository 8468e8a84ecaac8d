/** A schedule that runs at fixed intervals. */
export interface Interval {
  /** The time between two runs, in ms. */
  every: number;
  /** How long after a multiple of `every` a run is, in ms; 0 when the first run decides. */
  offset: number;
  /** Not before this time, in ms. */
  startDate?: number | undefined;
}

/**
 * When an interval's next run is, and by how much it is off the multiples of the interval; in ms.
 */
export interface Slot {
  nextMillis: number;
  offset: number;
}

/** @param previous - When the run before is; undefined for the first run. */
export function nextSlot(interval: Interval, previous: number | undefined, now: number): Slot {
  const next = previous === undefined ? firstRun(interval, now) : runAfter(interval, previous, now);
  const { every, offset } = interval;
  const offGrid = offset === 0 ? next - Math.floor(next / every) * every : offset;
  return { nextMillis: Math.floor(next), offset: Math.floor(offGrid) };
}

function firstRun({ every, offset, startDate }: Interval, now: number): number {
  if (startDate !== undefined) return Math.max(startDate, now);
  return offset > 0 ? nextOnGrid(every, offset, now) : now;
}

/** Runs that were missed are left out. */
function runAfter({ every, offset }: Interval, previous: number, now: number): number {
  const next = previous + every;
  return next < now ? nextOnGrid(every, offset, now) : next;
}

function nextOnGrid(every: number, offset: number, now: number): number {
  const slot = Math.floor(now / every) * every + offset;
  return slot <= now ? slot + every : slot;
}
