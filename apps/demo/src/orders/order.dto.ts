import { randomUUID } from 'node:crypto';
import { z } from 'zod';

/** Body of `POST /orders`. */
export const orderSchema = z.object({
  /** Chosen by a client that wants to repeat the request safely; else made here. */
  id: z.uuid().default(() => randomUUID()),
  userId: z.uuid(),
  items: z
    .array(
      z.object({
        name: z.string().trim().min(1).max(80),
        quantity: z.int().min(1).max(1_000),
        /** In cents: sums of whole numbers are exact. */
        unitPrice: z.int().min(0).max(100_000_000),
      }),
    )
    .min(1)
    .max(25),
});

/** A checked body of `POST /orders`. */
export type OrderDto = z.infer<typeof orderSchema>;
