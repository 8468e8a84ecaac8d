const FORMAT = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' });

/** Cents as people write them: `€1,234.50`. */
export function formatCents(cents: number): string {
  return FORMAT.format(cents / 100);
}
