import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { OrderDto } from './order.dto.js';
import { OrdersDatabase, type Query } from './orders.database.js';

/** An order as it was placed. Money is in cents. */
export interface Order extends OrderDto {
  /** ISO 8601. */
  placedAt: string;
  total: number;
}

const COLUMNS = `id, user_id AS "userId", items, placed_at AS "placedAt", total`;

/** The orders of the shop. */
@Injectable()
export class OrdersRepository implements OnModuleInit {
  constructor(private readonly database: OrdersDatabase) {}

  async onModuleInit(): Promise<void> {
    await this.database.query(`
      CREATE TABLE IF NOT EXISTS shop_orders (
        id TEXT PRIMARY KEY, user_id TEXT NOT NULL, items TEXT NOT NULL, placed_at TEXT NOT NULL,
        total BIGINT NOT NULL, invoice_mail TEXT
      )`);
  }

  /** Stores an order; one with this id that is there already stays as it is. */
  async add(dto: OrderDto, query: Query): Promise<Order> {
    const total = dto.items.reduce((sum, item) => sum + item.quantity * item.unitPrice, 0);
    await query(
      `INSERT INTO shop_orders (id, user_id, items, placed_at, total) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (id) DO NOTHING`,
      dto.id,
      dto.userId,
      JSON.stringify(dto.items),
      new Date().toISOString(),
      total,
    );
    return (await this.find(dto.id, query))!;
  }

  async find(id: string, query: Query = this.database.query): Promise<Order | undefined> {
    const [row] = await query<Row>(`SELECT ${COLUMNS} FROM shop_orders WHERE id = $1`, id);
    if (!row) return undefined;
    return { ...row, items: JSON.parse(row.items) as Order['items'], total: Number(row.total) };
  }

  /** @throws Error when there is no such order */
  async get(id: string): Promise<Order> {
    const order = await this.find(id);
    if (!order) throw new Error(`expected an order with the id ${id}, found none`);
    return order;
  }

  /** What a user has ordered so far, in cents. */
  async totalOf(userId: string, query: Query): Promise<number> {
    const sum = 'SELECT coalesce(sum(total), 0) AS total FROM shop_orders WHERE user_id = $1';
    const [row] = await query<Sums>(sum, userId);
    return Number(row?.total);
  }

  /** @param moment ISO 8601 */
  async soldSince(moment: string): Promise<{ orders: number; total: number }> {
    const [row] = await this.database.query<Sums>(
      `SELECT count(*) AS orders, coalesce(sum(total), 0) AS total FROM shop_orders
       WHERE placed_at >= $1`,
      moment,
    );
    return { orders: Number(row?.orders), total: Number(row?.total) };
  }

  /** Notes which job mailed the invoice. */
  async noteInvoiceMail(id: string, jobId: string): Promise<void> {
    const update = 'UPDATE shop_orders SET invoice_mail = $1 WHERE id = $2';
    await this.database.query(update, jobId, id);
  }

  /** The job that mailed the invoice, once it has. */
  async invoiceMailOf(id: string): Promise<string | undefined> {
    const found = await this.database.query<{ job: string | null }>(
      'SELECT invoice_mail AS job FROM shop_orders WHERE id = $1',
      id,
    );
    return found[0]?.job ?? undefined;
  }
}

/** As the drivers return them: one has large numbers as text. */
type Row = Omit<Order, 'items' | 'total'> & { items: string; total: number | string };
type Sums = Record<'orders' | 'total', number | string>;
