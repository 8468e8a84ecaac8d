import { Injectable } from '@nestjs/common';
import { ShopDatabase } from '../storage/shop-database.js';
import type { Cart } from './cart.dto.js';

/** Carts that have not become orders: a table of the shop's database. */
@Injectable()
export class CartsRepository {
  constructor(private readonly database: ShopDatabase) {
    database.connection.exec(`
      CREATE TABLE IF NOT EXISTS carts (id TEXT PRIMARY KEY, total INTEGER NOT NULL, touched_at TEXT NOT NULL);
      CREATE INDEX IF NOT EXISTS carts_touched_at ON carts (touched_at);
    `);
  }

  /** Stores a cart, in the place of the one with this id. */
  save({ id, total, touchedAt }: Cart): void {
    this.database.connection
      .prepare('INSERT OR REPLACE INTO carts (id, total, touched_at) VALUES (?, ?, ?)')
      .run(id, total, touchedAt);
  }

  /** All of them, those that were left longest ago first. */
  all(): Cart[] {
    return this.database.connection
      .prepare('SELECT id, total, touched_at AS touchedAt FROM carts ORDER BY touched_at')
      .all() as unknown as Cart[];
  }

  /** How many there are, and what they are worth in cents. */
  sum(): { carts: number; total: number } {
    return this.database.connection
      .prepare('SELECT count(*) AS carts, coalesce(sum(total), 0) AS total FROM carts')
      .get() as { carts: number; total: number };
  }

  /**
   * Removes carts that nobody has touched since a moment.
   * @param limit so many at most, since the event loop stands still meanwhile
   * @returns how many were removed
   */
  removeUntouchedSince(moment: Date, limit: number): number {
    const { changes } = this.database.connection
      .prepare(
        'DELETE FROM carts WHERE id IN (SELECT id FROM carts WHERE touched_at < ? ORDER BY touched_at LIMIT ?)',
      )
      .run(moment.toISOString(), limit);
    return Number(changes);
  }
}
