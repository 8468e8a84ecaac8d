import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const PRODUCTS = 25;
const PAGE_SIZE = 5;
const FAILS_EACH = 3;
const LATENCY_MS = 30;

/** How many products the supplier has. */
export const SUPPLIER_PRODUCTS = PRODUCTS;

/** The running third-party API. */
export interface SupplierServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Plays a supplier with a flaky API: `GET /products?page=1` answers five products, and each third
 * request is refused with 503, so that a sync of all five pages always meets a failure; `PUT
 * /samples/<user>` sends a sample, and is refused the first time for each user. It knows nothing of
 * the shop, and would run elsewhere.
 * @param port 0 for a free one
 */
export async function startSupplierServer(port: number): Promise<SupplierServer> {
  let requests = 0;
  const asked = new Set<string>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://supplier');
    const isSample = request.method === 'PUT' && url.pathname.startsWith('/samples/');
    if (!isSample) requests += 1;
    const isRefused = isSample ? !asked.has(url.pathname) : requests % FAILS_EACH === 0;
    asked.add(url.pathname);
    void answer(url, isRefused, response);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(url: URL, isRefused: boolean, response: ServerResponse): Promise<void> {
  await pause(LATENCY_MS);
  if (isRefused) return send(response, 503, { error: 'overloaded, try again' });
  if (url.pathname.startsWith('/samples/')) return send(response, 202, { sent: true });
  const page = Number(url.searchParams.get('page') ?? '1');
  const pages = Math.ceil(PRODUCTS / PAGE_SIZE);
  if (url.pathname !== '/products' || !Number.isInteger(page) || page < 1 || page > pages) {
    return send(response, 404, { error: `expected /products?page=1 to ${pages}` });
  }
  return send(response, 200, { page, pages, products: productsOf(page) });
}

function productsOf(page: number): { sku: string; name: string; price: number }[] {
  const first = (page - 1) * PAGE_SIZE + 1;
  const count = Math.min(PAGE_SIZE, PRODUCTS - first + 1);
  return Array.from({ length: count }, (_, index) => {
    const number = first + index;
    return { sku: `SKU-${number}`, name: `Product ${number}`, price: 500 + number * 10 };
  });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
