import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { ShopSettings } from '../settings/shop-settings.js';
import { JsonCollection } from '../storage/json-collection.js';
import type { OrderDto } from './order.dto.js';

/** An order as it was placed. Money is in cents. */
export interface Order extends OrderDto {
  /** ISO 8601. */
  placedAt: string;
  total: number;
}

/** The orders of the shop. */
@Injectable()
export class OrdersRepository {
  private readonly orders: JsonCollection<Order>;

  constructor(settings: ShopSettings) {
    this.orders = new JsonCollection(join(settings.dataFolder, 'orders.json'));
  }

  /** Stores an order; one with this id that is there already stays as it is. */
  async place(dto: OrderDto): Promise<Order> {
    return this.orders.change((orders) => {
      const known = orders.get(dto.id);
      if (known) return known;
      const total = dto.items.reduce((sum, item) => sum + item.quantity * item.unitPrice, 0);
      const order = { ...dto, placedAt: new Date().toISOString(), total };
      orders.set(order.id, order);
      return order;
    });
  }

  /** @throws Error when there is no such order */
  async get(id: string): Promise<Order> {
    const order = await this.orders.find(id);
    if (!order) throw new Error(`expected an order with the id ${id}, found none`);
    return order;
  }
}
