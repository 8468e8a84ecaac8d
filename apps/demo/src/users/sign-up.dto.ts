import { z } from 'zod';

/** Body of `POST /users`. */
export const signUpSchema = z.object({
  email: z.email().transform((email) => email.toLowerCase()),
  name: z.string().trim().min(1).max(100),
});

/** A checked body of `POST /users`. */
export type SignUpDto = z.infer<typeof signUpSchema>;
