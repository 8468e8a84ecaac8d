import { setTimeout as pause } from 'node:timers/promises';
import type { Cart } from '../carts/cart.dto.js';
import type { CartFigure } from '../carts/cart-figures.repository.js';
import type { JobLink } from '../jobs/job-link.js';
import type { JobStatus } from '../jobs/job-status.js';
import type { OrderAnswer } from '../orders/orders.controller.js';
import type { Refund } from '../payments/payment.provider.js';
import type { SyncStatus } from '../products/products.controller.js';
import type { OrderDto } from '../orders/order.dto.js';
import type { Product } from '../products/products.repository.js';
import type { User } from '../users/users.repository.js';
import type { Voucher } from '../users/vouchers.repository.js';
import type { SeenRecurring } from './seen-recurring.js';

/** Uses the shop as any client does: over HTTP. */
export class ShopClient {
  constructor(private readonly url: string) {}

  signUp(
    email: string,
    name: string,
    tenant = 'main',
  ): Promise<{ user: User; jobs: Record<'welcome' | 'reminder', JobLink> }> {
    return this.post('/users', { email, name }, { 'x-tenant': tenant });
  }

  vouchers(userId: string): Promise<Voucher[]> {
    return this.request(`/users/${userId}/vouchers`);
  }

  upload(image: Uint8Array): Promise<{ image: { id: string }; jobs: { thumbnails: JobLink } }> {
    const form = new FormData();
    form.set('file', new Blob([Uint8Array.from(image)], { type: 'image/jpeg' }), 'photo.jpg');
    return this.request('/images', { method: 'POST', body: form });
  }

  /** @param id chosen here, to find an order that is refused */
  order(
    userId: string,
    items: OrderDto['items'],
    id?: string,
    tenant = 'main',
  ): Promise<OrderAnswer> {
    return this.post('/orders', { id, userId, items }, { 'x-tenant': tenant });
  }

  placed(orderId: string): Promise<OrderAnswer> {
    return this.request(`/orders/${orderId}`);
  }

  refund(orderId: string, amount: number, key: string): Promise<{ jobs: { refund: JobLink } }> {
    return this.post(`/orders/${orderId}/refunds`, { amount }, { 'idempotency-key': key });
  }

  refunds(orderId: string): Promise<Refund[]> {
    return this.request(`/orders/${orderId}/refunds`);
  }

  sync(): Promise<{ jobs: { sync: JobLink } }> {
    return this.post('/sync', {});
  }

  syncStatus(batch: string): Promise<SyncStatus> {
    return this.request(`/sync/${batch}`);
  }

  products(): Promise<Product[]> {
    return this.request('/products');
  }

  saveCart(cart: Cart): Promise<{ cart: Cart }> {
    return this.post('/carts', cart);
  }

  carts(): Promise<Cart[]> {
    return this.request('/carts');
  }

  /** For ticks after a moment, in Unix milliseconds. */
  figures(after: number): Promise<CartFigure[]> {
    return this.request(`/carts/figures?after=${after}`);
  }

  recurring(): Promise<SeenRecurring[]> {
    return this.request('/recurring');
  }

  oneRecurring(id: string): Promise<SeenRecurring> {
    return this.request(`/recurring/${id}`);
  }

  triggerRecurring(id: string): Promise<{ jobs: { run: JobLink } }> {
    return this.post(`/recurring/${id}/trigger`, {});
  }

  pauseRecurring(id: string): Promise<SeenRecurring> {
    return this.post(`/recurring/${id}/pause`, {});
  }

  resumeRecurring(id: string): Promise<SeenRecurring> {
    return this.post(`/recurring/${id}/resume`, {});
  }

  job({ url }: JobLink): Promise<JobStatus> {
    return this.request(url);
  }

  /** Waits until the health check is green, as an orchestrator does before it sends traffic. */
  async untilHealthy(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      try {
        await this.request('/health');
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await pause(50);
      }
    }
  }

  private post<Answer>(
    path: string,
    body: object,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return this.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  private async request<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
    const signal = AbortSignal.timeout(10_000);
    const response = await fetch(this.url + path, { ...init, signal }).catch((error: Error) => {
      const { message } = (error.cause ?? error) as Error;
      throw new Error(`${this.url} does not answer: ${message}`, { cause: error });
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(
        `${init.method ?? 'GET'} ${path}: expected success, got ${response.status} ${text}`,
      );
    }
    return JSON.parse(text) as Answer;
  }
}
