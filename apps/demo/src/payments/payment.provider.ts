import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { ShopSettings } from '../settings/shop-settings.js';
import { JsonCollection } from '../storage/json-collection.js';

/** Money that went back to a customer. */
export interface Refund {
  /** What the provider knows the request by. */
  id: string;
  orderId: string;
  /** In cents. */
  amount: number;
}

/**
 * Plays a payment provider, whose API takes a key with each request, and does what has the same key
 * once.
 */
@Injectable()
export class PaymentProvider {
  private readonly refunds: JsonCollection<Refund>;

  constructor(settings: ShopSettings) {
    this.refunds = new JsonCollection(join(settings.dataFolder, 'refunds.json'));
  }

  async refund(key: string, orderId: string, amount: number): Promise<Refund> {
    return this.refunds.change((refunds) => {
      const refund = refunds.get(key) ?? { id: key, orderId, amount };
      refunds.set(key, refund);
      return refund;
    });
  }

  async of(orderId: string): Promise<Refund[]> {
    return (await this.refunds.all()).filter((refund) => refund.orderId === orderId);
  }
}
