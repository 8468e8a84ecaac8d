import { randomUUID } from 'node:crypto';
import { z } from 'zod';

/** Body of `POST /carts`. */
export const cartSchema = z.object({
  id: z.uuid().default(() => randomUUID()),
  /** In cents. */
  total: z.int().min(0).max(100_000_000),
  /** When somebody last put something in; given by an import of old carts. Default: now. */
  touchedAt: z.iso.datetime().default(() => new Date().toISOString()),
});

/** A cart that has not become an order. */
export type Cart = z.infer<typeof cartSchema>;
