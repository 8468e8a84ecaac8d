import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { extractText } from 'unpdf';
import { formatCents } from '../orders/money.js';
import { SUPPLIER_PRODUCTS } from '../supplier/supplier.server.js';
import { type CheckList, expectEqual, expectThat } from './check-list.js';
import type { Seen } from './scenario.js';

const THUMBNAILS = { small: [160, 120], medium: [480, 360], large: [960, 720] };

/** Thumbnails, the invoice and the products, as they are on disk. */
export async function checkFiles(seen: Seen, dataFolder: string, list: CheckList): Promise<void> {
  for (const [size, expected] of Object.entries(THUMBNAILS)) {
    await list.check(`the ${size} thumbnail is ${expected.join(' × ')}`, async () => {
      const path = join(dataFolder, 'images', seen.imageId, `${size}.webp`);
      const { width, height, format } = await sharp(path).metadata();
      expectEqual('image', [format, width, height], ['webp', ...expected]);
    });
  }
  const total = formatCents(seen.order.total);
  await list.check(`the invoice is a PDF that says ${total}`, async () => {
    const pdf = await readFile(join(dataFolder, 'invoices', `${seen.order.id}.pdf`));
    const { text } = await extractText(new Uint8Array(pdf), { mergePages: true });
    for (const words of [total, seen.user.name, ...seen.order.items.map(({ name }) => name)]) {
      expectThat(text.includes(words), `expected "${words}" in the text, got ${text}`);
    }
  });
  await list.check(`the ${SUPPLIER_PRODUCTS} products are there, each once`, async () => {
    const stored = JSON.parse(await readFile(join(dataFolder, 'products.json'), 'utf8')) as unknown;
    expectEqual('answer of GET /products', seen.products, stored);
    const expected = Array.from({ length: SUPPLIER_PRODUCTS }, (_, index) => `SKU-${index + 1}`);
    expectEqual(
      'article numbers',
      seen.products.map(({ id }) => id).toSorted(),
      expected.toSorted(),
    );
    const changed = seen.products.filter(({ revision }) => revision !== 1);
    expectEqual('products that were changed after they were added', changed, []);
  });
}
