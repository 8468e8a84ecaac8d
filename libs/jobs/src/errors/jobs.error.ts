/**
 * Root of every error that this library throws on purpose, so that one `instanceof` tells them from
 * an application's own errors.
 * @publicApi
 */
export abstract class JobsError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Where a job-related error happened: the pair that every such message starts with. */
export interface JobLocation {
  readonly queue?: string;
  readonly name?: string;
  readonly id?: string;
}

/**
 * Words a location the same way in every message: `job "EmailService.sendWelcome" (id 42) in queue
 * "emails"`.
 * @internal
 */
export function describeJob({ queue, name, id }: JobLocation): string {
  const job = name === undefined ? 'job' : `job "${shortened(name)}"`;
  const withId = id === undefined ? job : `${job} (id ${shortened(id)})`;
  return queue === undefined ? withId : `${withId} in queue "${shortened(queue)}"`;
}

/**
 * A given text for a message: what is longer than any name may be is cut. What is no text is for a
 * rule to refuse. @internal
 */
export function shortened(text: string, limit = 256): string {
  const isLong = typeof text === 'string' && text.length > limit;
  return isLong ? `${text.slice(0, limit)}…` : text;
}

/** With its first letter in upper case: a location at the start of a sentence. @internal */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
