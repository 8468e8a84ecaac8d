import { z } from 'zod';

/** Body of `POST /orders/<id>/refunds`. */
export const refundSchema = z.object({
  /** In cents. */
  amount: z.int().min(1).max(100_000_000),
});

/** A checked body of `POST /orders/<id>/refunds`. */
export type RefundDto = z.infer<typeof refundSchema>;
