import { buffer } from 'node:stream/consumers';
import PdfDocument from 'pdfkit';
import type { User } from '../users/users.repository.js';
import { formatCents } from './money.js';
import type { Order } from './orders.repository.js';

const MARGIN = 56;
const PRICE_COLUMN = { left: 400, width: 139 };

/** Draws the invoice of an order; the same order gives the same bytes. */
export async function drawInvoice(order: Order, user: User): Promise<Buffer> {
  const placedAt = new Date(order.placedAt);
  const pdf = new PdfDocument({
    size: 'A4',
    margin: MARGIN,
    info: { Title: `Invoice ${order.id}`, CreationDate: placedAt, ModDate: placedAt },
  });
  const content = buffer(pdf);
  pdf.fontSize(20).text('Invoice').moveDown();
  pdf.fontSize(10).text(`Order ${order.id}`).text(`Placed ${placedAt.toUTCString()}`);
  pdf.text(`For ${user.name} <${user.email}>`).moveDown(2);
  for (const item of order.items) {
    drawLine(
      pdf,
      `${item.quantity} × ${item.name} at ${formatCents(item.unitPrice)}`,
      formatCents(item.quantity * item.unitPrice),
    );
  }
  pdf.moveDown().font('Helvetica-Bold').fontSize(12);
  drawLine(pdf, 'Total', formatCents(order.total));
  pdf.end();
  return content;
}

function drawLine(pdf: PDFKit.PDFDocument, text: string, price: string): void {
  if (pdf.y > pdf.page.height - 2 * MARGIN) pdf.addPage();
  const top = pdf.y;
  pdf.text(price, PRICE_COLUMN.left, top, { width: PRICE_COLUMN.width, align: 'right' });
  pdf.text(text, MARGIN, top, { width: PRICE_COLUMN.left - MARGIN }).moveDown(0.5);
}
