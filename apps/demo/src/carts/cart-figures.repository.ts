import { Injectable } from '@nestjs/common';
import { ShopDatabase } from '../storage/shop-database.js';

/** What the open carts were worth at a moment. */
export interface CartFigure {
  /** The tick that it was written for, Unix milliseconds. */
  due: number;
  /** When it was written, Unix milliseconds. */
  at: number;
  /** How many missed ticks it stands for; 0 for one in time. */
  missed: number;
  carts: number;
  /** In cents. */
  total: number;
}

/** So many are kept, the newest. */
const KEPT = 1_000;

/** The worth of open carts over time. */
@Injectable()
export class CartFiguresRepository {
  constructor(private readonly database: ShopDatabase) {
    database.connection.exec(`
      CREATE TABLE IF NOT EXISTS cart_figures (
        due INTEGER PRIMARY KEY, at INTEGER NOT NULL, missed INTEGER NOT NULL,
        carts INTEGER NOT NULL, total INTEGER NOT NULL
      )`);
  }

  /**
   * Stores a figure, in the place of the one for this tick: a run that is repeated changes no
   * other.
   */
  save({ due, at, missed, carts, total }: CartFigure): void {
    const { connection } = this.database;
    connection
      .prepare(
        'INSERT OR REPLACE INTO cart_figures (due, at, missed, carts, total) VALUES (?, ?, ?, ?, ?)',
      )
      .run(due, at, missed, carts, total);
    connection
      .prepare(
        'DELETE FROM cart_figures WHERE due <= (SELECT due FROM cart_figures ORDER BY due DESC LIMIT 1 OFFSET ?)',
      )
      .run(KEPT);
  }

  /** Those for ticks after a moment, oldest first. @param moment Unix milliseconds */
  after(moment: number): CartFigure[] {
    return this.database.connection
      .prepare('SELECT due, at, missed, carts, total FROM cart_figures WHERE due > ? ORDER BY due')
      .all(moment) as unknown as CartFigure[];
  }
}
