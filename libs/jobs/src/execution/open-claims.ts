import { endsWithin } from '../lifecycle/index.js';

/** How long a check for abandoned jobs waits for the answers to claims, in ms. */
const PATIENCE_MS = 1_000;

/**
 * Claims of which the answer is not here yet: this process runs their jobs without knowing it.
 * @internal
 */
export class OpenClaims {
  private readonly open = new Set<Promise<unknown>>();

  follow<T>(claim: Promise<T>): Promise<T> {
    const end = (): void => void this.open.delete(claim);
    this.open.add(claim);
    claim.then(end, end);
    return claim;
  }

  /** Resolves when all have their answers, or after a second. */
  async answered(): Promise<void> {
    await endsWithin(PATIENCE_MS, Promise.allSettled(this.open));
  }
}
