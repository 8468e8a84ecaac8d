import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { ShopSettings } from '../settings/shop-settings.js';
import { JsonCollection } from '../storage/json-collection.js';
import type { SupplierPage } from '../supplier/supplier.client.js';

/** A product of the shop. */
export interface Product {
  /** The supplier's article number. */
  id: string;
  name: string;
  /** In cents. */
  price: number;
  /** Grows with each change of name or price; 1 for a product that never changed. */
  revision: number;
}

/** The products of the shop. */
@Injectable()
export class ProductsRepository {
  private readonly products: JsonCollection<Product>;

  constructor(settings: ShopSettings) {
    this.products = new JsonCollection(join(settings.dataFolder, 'products.json'));
  }

  all(): Promise<Product[]> {
    return this.products.all();
  }

  /**
   * Adds or changes products by their article number. Idempotent: a page that is written twice
   * leaves the same rows, with the same revision.
   */
  async upsert(received: SupplierPage['products']): Promise<void> {
    await this.products.change((products) => {
      for (const { sku, name, price } of received) {
        const known = products.get(sku);
        if (known?.name === name && known.price === price) continue;
        products.set(sku, { id: sku, name, price, revision: (known?.revision ?? 0) + 1 });
      }
    });
  }
}
