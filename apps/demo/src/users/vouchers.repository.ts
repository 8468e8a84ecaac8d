import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { ShopSettings } from '../settings/shop-settings.js';
import { JsonCollection } from '../storage/json-collection.js';

/** Money off the first order. */
export interface Voucher {
  /** Its code. */
  id: string;
  userId: string;
}

/** The vouchers of the shop. */
@Injectable()
export class VouchersRepository {
  private readonly vouchers: JsonCollection<Voucher>;

  constructor(settings: ShopSettings) {
    this.vouchers = new JsonCollection(join(settings.dataFolder, 'vouchers.json'));
  }

  /** Each call makes another one: whoever must not give two away sees to that. @returns its code */
  async create(userId: string): Promise<string> {
    const id = randomBytes(5).toString('hex').toUpperCase();
    await this.vouchers.change((vouchers) => vouchers.set(id, { id, userId }));
    return id;
  }

  async of(userId: string): Promise<Voucher[]> {
    return (await this.vouchers.all()).filter((voucher) => voucher.userId === userId);
  }
}
