/** Random choices that one number makes again (mulberry32). */
export class SeededRandom {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, and without, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** A whole number, both ends included. */
  int(lowest: number, highest: number): number {
    return lowest + Math.floor(this.next() * (highest - lowest + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.int(0, items.length - 1)];
    if (item === undefined && items.length === 0) throw new Error('pick: nothing to pick from');
    return item as Item;
  }

  /** The item, with this probability. */
  maybe<Item>(probability: number, item: Item): Item | undefined {
    return this.chance(probability) ? item : undefined;
  }

  /** Picks by weight; a weight of 0 is never picked. */
  weighted<Item extends { weight: number }>(items: readonly Item[]): Item {
    let point = this.next() * items.reduce((sum, { weight }) => sum + weight, 0);
    for (const item of items) {
      point -= item.weight;
      if (point < 0) return item;
    }
    throw new Error('weighted: no item has a weight');
  }
}
