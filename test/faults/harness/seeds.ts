/** Whether the long form of each row was asked for: its full numbers instead of a few seconds. */
export const LONG = process.env.FAULTS === 'long';

/**
 * Whether somebody waits for the tests: rows then run on one engine, and those that take longest
 * are cut.
 */
export const QUICK = !process.env.CI && !process.env.FAULTS;

/**
 * What every random choice of a test file derives from. Printed with each row's figures; the same
 * seed in FAULTS_SEED makes the same choices again: instants (by progress and delay), victims,
 * sizes. What the operating system schedules in between is not ours to repeat.
 */
export const SEED = readSeed(process.env.FAULTS_SEED);

/** Small seeded generator (mulberry32): the same numbers on every machine. */
export class Random {
  private state: number;

  /** @param name keeps rows independent: another row's choices do not shift this one's */
  constructor(seed: number, name = '') {
    this.state = (seed ^ hash(name)) >>> 0;
  }

  /** 0 (included) to 1 (excluded). */
  next(): number {
    this.state = (this.state + 0x6d_2b_79_f5) >>> 0;
    let bits = this.state;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.int(0, list.length - 1)];
    if (item === undefined) throw new RangeError('expected a list with items to pick from');
    return item;
  }

  /** `count` whole numbers, ascending. */
  ascending(count: number, min: number, max: number): number[] {
    return Array.from({ length: count }, () => this.int(min, max)).toSorted((a, b) => a - b);
  }
}

function readSeed(given: string | undefined): number {
  if (given === undefined || given === '') return Math.floor(Math.random() * 2 ** 31);
  const seed = Number(given);
  if (Number.isInteger(seed)) return seed;
  throw new TypeError(`FAULTS_SEED: expected a whole number, got "${given}"`);
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x81_1c_9d_c5;
  for (const char of text) value = Math.imul(value ^ char.codePointAt(0)!, 0x01_00_01_93);
  return value >>> 0;
}
