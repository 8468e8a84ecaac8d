import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ShopSettings } from '../settings/shop-settings.js';

const pageSchema = z.object({
  pages: z.int().min(1),
  products: z.array(z.object({ sku: z.string(), name: z.string(), price: z.int() })),
});

/** One page of the supplier's products. */
export type SupplierPage = z.infer<typeof pageSchema>;

/** The supplier's API answered with an error. */
export class SupplierError extends Error {
  constructor(
    readonly status: number,
    url: string,
  ) {
    super(`expected success from ${url}, got ${status}`);
    this.name = 'SupplierError';
  }

  /** Whether the same request may succeed later. */
  get temporary(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}

/** Talks to the third-party API. It does not retry: the job that calls it is retried. */
@Injectable()
export class SupplierClient {
  constructor(private readonly settings: ShopSettings) {}

  /**
   * @param signal ends the request when the job is cancelled, times out or the app shuts down
   * @throws SupplierError when the API answers with an error
   */
  async page(number: number, signal: AbortSignal): Promise<SupplierPage> {
    return pageSchema.parse(await this.request(`/products?page=${number}`, { signal }));
  }

  /**
   * Has a sample sent to a user; a second request for the same user sends none.
   * @throws SupplierError when the API answers with an error
   */
  async sendSample(userId: string, signal: AbortSignal): Promise<void> {
    await this.request(`/samples/${userId}`, { method: 'PUT', signal });
  }

  private async request(path: string, init: RequestInit): Promise<unknown> {
    const url = this.settings.supplierUrl + path;
    const response = await fetch(url, init);
    if (!response.ok) {
      await response.body?.cancel();
      throw new SupplierError(response.status, url);
    }
    return response.json();
  }
}
